"""The beginning of a JavaScript module: a class for every custom class of a model.

Facts of tfjs-layers 4.22: a class is looked up under its static `className` (serialization.ts);
keys and texts of a config arrive in camel case (utils/serialization_utils.ts); a weight is filled
by `<layer>/<name given to addWeight>` (engine/container.ts 605). Properties of Layer such as
`weights` and `input` cannot be assigned, so what a class keeps lies in `fields` and `variables`.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from tfjs_serve.visible import cut

Shape: TypeAlias = tuple[int | None, ...]

_IDENTIFIER = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_COMMENT_CHARACTERS = 50
_READ_BY_LAYER = frozenset({"weights", "inputShape", "batchSize", "inputDType"})
"""Keys that mean something of their own to the constructor of Layer (engine/topology.ts)."""


@dataclass(frozen=True, slots=True)
class StubLayer:
    """A layer of a custom class.

    fields: its config as tfjs hands it over. outputs: their shapes, None where nobody knows.
    weights: names and shapes, in the order of the file.
    """

    name: str
    fields: Mapping[str, Any]
    outputs: tuple[Shape | None, ...]
    weights: tuple[tuple[str, tuple[int, ...]], ...]


@dataclass(frozen=True, slots=True)
class StubClass:
    """A custom class: its `className`, what Keras calls it, and the layers that are of it."""

    name: str
    keras_name: str
    layers: tuple[StubLayer, ...]


def module(file: str, classes: Sequence[StubClass], obstacles: Sequence[str] = ()) -> str:
    """Return the text of the module.

    obstacles: other reasons for which the model is refused.
    """
    names = _identifiers([one.name for one in classes])
    flags = " ".join(f"--allow-custom {shlex.quote(one.name)}" for one in classes)
    lines = [
        f"// Custom layers of {_remark(file, 80)}, begun by `tfjs-serve stub`.",
        "//",
        "// Fill in every `call`, convert or serve the model with",
        f"//     {_remark(flags, 10_000)}",
        "// and load it after the classes are registered:",
        "//     import {register} from './custom.js';",
        "//     register(tf);",
        "//     const model = await tf.loadLayersModel(url);",
        "//",
        "// TensorFlow.js hands configs over in camel case, texts as well as keys.",
        *(f"// Refused all the same: {_remark(text, 10_000)}" for text in obstacles),
        "",
        "/** Register the classes with the TensorFlow.js of a page. */",
        "export function register(tf) {",
    ]
    for one, name in zip(classes, names, strict=True):
        lines += (f"  {line}".rstrip() for line in _class(one, name))
    lines += (f"  tf.serialization.registerClass({name});" for name in names)
    lines += ["}", "", "if (globalThis.tf) register(globalThis.tf);"]
    return "\n".join(lines) + "\n"


def _class(one: StubClass, name: str) -> Iterator[str]:
    yield f"// {_remark(one.keras_name, 80)} of Keras."
    for layer in one.layers:
        told = ", ".join("unknown" if shape is None else _js(shape) for shape in layer.outputs)
        yield f"// Layer {_js(layer.name)} returns {told or 'unknown'}."
    yield f"class {name} extends tf.layers.Layer {{"
    yield f"  static className = {_js(one.name)};"
    for part in (_constructor(one), _build(one), _output_shape(one), _call(one), _get_config()):
        yield ""
        yield from (f"  {line}" for line in part)
    yield "}"
    yield ""


def _constructor(one: StubClass) -> Iterator[str]:
    keys = dict.fromkeys(key for layer in one.layers for key in layer.fields)
    yield "constructor(config) {"
    taken = "".join(f", {key}: undefined" for key in keys if key in _READ_BY_LAYER)
    yield f"  super({{...config{taken}}});" if taken else "  super(config);"
    yield "  this.variables = {};"
    if not keys:
        yield "  this.fields = {};"
        yield "}"
        return
    yield "  this.fields = {"
    for key in keys:
        values = dict.fromkeys(_js(layer.fields.get(key)) for layer in one.layers)
        is_plain = _IDENTIFIER.fullmatch(key) is not None
        written = key if is_plain else _js(key)
        read = f"config.{key}" if is_plain else f"config[{_js(key)}]"
        yield f"    {written}: {read}, // {cut(', '.join(values), _COMMENT_CHARACTERS)}"
    yield "  };"
    yield "}"


def _build(one: StubClass) -> Iterator[str]:
    yield "build(inputShape) {"
    if len({layer.weights for layer in one.layers}) == 1:
        for name, shape in one.layers[0].weights:
            yield f"  this.variables[{_js(name)}] = {_added(_js(name), _js(shape))}"
    else:
        yield from _by_layer("weights", {layer.name: layer.weights for layer in one.layers})
        yield "  for (const [name, shape] of weights) {"
        yield f"    this.variables[name] = {_added('name', 'shape')}"
        yield "  }"
    yield "  super.build(inputShape);"
    yield "}"


def _added(name: str, shape: str) -> str:
    return f"this.addWeight({name}, {shape}, 'float32', tf.initializers.zeros());"


def _output_shape(one: StubClass) -> Iterator[str]:
    yield "computeOutputShape(inputShape) {"
    yield "  const [shape] = Array.isArray(inputShape[0]) ? inputShape : [inputShape];"
    outputs = {layer.name: layer.outputs for layer in one.layers}
    if all(shape is None for shapes in outputs.values() for shape in shapes):
        flag = _remark(f"--allow-custom {shlex.quote(f'{one.name}:same')}", 10_000)
        yield "  // The file does not tell; change this if it is not the shape of the input."
        yield f"  // If it is, {flag} tells it to the conversion, too."
        yield "  return shape;"
    else:
        yield from _by_layer("outputs", outputs)
        if any(not shapes or None in shapes for shapes in outputs.values()):
            text = f"{_js(f'{one.name}: fill in the output shape of ')} + this.name"
            yield f"  if (outputs.includes(null)) throw new Error({text});"
        yield "  const shapes = outputs.map(([batch, ...rest]) => [batch ?? shape[0], ...rest]);"
        yield "  return shapes.length === 1 ? shapes[0] : shapes;"
    yield "}"


def _by_layer(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    """Yield the lines of a constant that depends on the layer, if it does."""
    first, *others = values.values()
    if all(value == first for value in others):
        yield f"  const {name} = {_js(first)};"
        return
    yield f"  const {name} = {{"
    for layer, value in values.items():
        yield f"    {_js(layer)}: {_js(value)},"
    yield "  }[this.name];"


def _call(one: StubClass) -> Iterator[str]:
    several = " for each layer, told apart by this.name" if len(one.layers) > 1 else ""
    yield "call(inputs, kwargs) {"
    yield "  return tf.tidy(() => {"
    yield "    const [x] = Array.isArray(inputs) ? inputs : [inputs];"
    yield f"    // Return what Keras computes{several}, from the tensors in"
    yield "    // inputs, this.fields and this.variables[name].read()."
    yield f"    throw new Error({_js(f'{one.name}: call is not written yet')});"
    yield "  });"
    yield "}"


def _get_config() -> Iterator[str]:
    yield "getConfig() {"
    yield "  return {...super.getConfig(), ...this.fields};"
    yield "}"


def _identifiers(names: Sequence[str]) -> list[str]:
    """Return names for classes in JavaScript, no two alike and none of a built-in."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"[^A-Za-z0-9_$]", "_", name)
        free = plain = f"{'_' if plain[:1].isdigit() else ''}{plain}Layer"
        while free in found:
            free = f"{plain}_{len(found)}"
        found.append(free)
    return found


def _js(value: Any) -> str:
    """Return a JSON value as JavaScript: pure ASCII on one line."""
    return json.dumps(value)


def _remark(text: str, characters: int) -> str:
    """Return a text that ends no comment."""
    return cut(json.dumps(text)[1:-1], characters)
