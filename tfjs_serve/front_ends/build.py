"""The neutral graph of a model file: layers, calls and the weights that belong to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.front_ends.archive_paths import bind_by_path
from tfjs_serve.front_ends.keras1 import modern
from tfjs_serve.front_ends.keras1_weights import bind_keras1
from tfjs_serve.front_ends.nameless import named
from tfjs_serve.front_ends.nodes import Numbering, read_boundary, read_calls
from tfjs_serve.front_ends.told_shapes import with_told_shapes
from tfjs_serve.front_ends.values import class_name_of, plain
from tfjs_serve.front_ends.weights import bind_weights
from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Config,
    Graph,
    GraphKind,
    Layer,
    TensorRef,
    tensors,
)
from tfjs_serve.keras_files.model import Container, KerasModel
from tfjs_serve.visible import shown

FUNCTIONAL_CLASSES = ("Functional", "Model")
WRAPPED_FIELDS = ("layer", "backward_layer", "cell")
LAYERS_WITHOUT_TRAINABLE = ("InputLayer", "SpatialDropout", "Discretization", "HashedCrossing")
BINDINGS = {Container.H5: bind_weights, Container.ARCHIVE: bind_by_path}
"""How weights find their layers, by the container they came in."""


def read_graph(model: KerasModel) -> Graph:
    """Return the graph of a whole-model file, weights bound to their layers.

    Raises ConversionError when the config is not one Keras writes, or when the file's weights
    are not the ones its config calls for.
    """
    config = named(model.config, model.layer_names)
    if model.generation == 1:
        graph = _read_model(modern(config), model.generation)
        return replace(graph, layers=bind_keras1(graph.layers, model))
    graph = _read_model(config, model.generation)
    return replace(graph, layers=BINDINGS[model.container](graph.layers, model))


def _read_model(serialized: Mapping[str, Any], generation: int) -> Graph:
    class_name, config = serialized.get("class_name"), serialized.get("config")
    if class_name == "Sequential":
        # Keras 1 and early Keras 2 wrote the bare list of layers.
        fields = {"layers": config} if isinstance(config, list) else config
        return _read_sequential(_mapping(fields, "Sequential"), generation)
    fields = _mapping(config, str(class_name))
    if class_name in FUNCTIONAL_CLASSES:
        return _read_functional(fields, generation)
    why = f"a subclassed model (class {class_name!r}) runs Python code that is not in the file"
    remedy = "build it with keras.Sequential or keras.Model(inputs, outputs) and save it again"
    reason = Reason(why, class_name=str(class_name), remedy=remedy)
    raise ConversionError(str(reason), [reason])


def _read_functional(config: Mapping[str, Any], generation: int) -> Graph:
    entries = [_mapping(entry, "layer") for entry in _list(config, "layers")]
    names = {_name(entry): entry.get("class_name") for entry in entries}
    numbering = Numbering(
        generation,
        functional=frozenset(n for n, kind in names.items() if kind in FUNCTIONAL_CLASSES),
        sequential=frozenset(n for n, kind in names.items() if kind == "Sequential"),
    )
    layers = tuple(
        _read_layer(entry, read_calls(entry.get("inbound_nodes"), numbering), generation)
        for entry in entries
    )
    graph = _checked(
        Graph(
            name=str(config.get("name", "model")),
            kind=GraphKind.FUNCTIONAL,
            layers=layers,
            inputs=read_boundary(config.get("input_layers"), numbering),
            outputs=read_boundary(config.get("output_layers"), numbering),
        )
    )
    return with_told_shapes(graph, entries, numbering)


def _read_sequential(config: Mapping[str, Any], generation: int) -> Graph:
    entries = [_mapping(entry, "layer") for entry in _list(config, "layers")]
    if not entries:
        raise ConversionError("the Sequential model has no layers; add layers and save it again")
    layers: list[Layer] = []
    if entries[0].get("class_name") != "InputLayer":
        layers.append(_implicit_input(entries[0], config, generation))
    for entry in entries:
        calls = (Call((TensorRef(layers[-1].name),)),) if layers else (Call(),)
        layers.append(_read_layer(entry, calls, generation))
    graph = _checked(
        Graph(
            name=str(config.get("name", "sequential")),
            kind=GraphKind.SEQUENTIAL,
            layers=tuple(layers),
            inputs=(TensorRef(layers[0].name),),
            outputs=(TensorRef(layers[-1].name),),
        )
    )
    return with_told_shapes(graph, entries)


def _read_layer(entry: Mapping[str, Any], calls: tuple[Call, ...], generation: int) -> Layer:
    class_name, name = class_name_of(entry), _name(entry)
    if not isinstance(class_name, str):
        raise ConversionError(f"layer {name!r} names no class; save the model again")
    if class_name in (*FUNCTIONAL_CLASSES, "Sequential"):
        graph = _read_model(entry, generation)
        config = entry.get("config")
        trainable = config.get("trainable", True) if isinstance(config, Mapping) else True
        return Layer(name, graph.kind.value, {"trainable": trainable}, calls, graph=graph)
    config = _mapping(entry.get("config"), name)
    # As they are written: a model among them has calls, which no plain object has.
    wrapped = {field: config[field] for field in WRAPPED_FIELDS if _is_layer(config.get(field))}
    fields = {key: plain(value) for key, value in config.items() if key not in wrapped}
    fields.pop("name", None)
    if _is_operation(entry, class_name, fields, generation):
        return Layer(name, OPERATION_PREFIX + class_name, fields, calls)
    if class_name == "InputLayer":
        return Layer(name, class_name, _input_fields(fields), (Call(),))
    parts = {field: _read_layer(part, (), generation) for field, part in wrapped.items()}
    if class_name == "StackedRNNCells":
        cells = fields.pop("cells", [])
        if not isinstance(cells, list) or not all(map(_is_layer, cells)):
            raise ConversionError(
                f"the cells of layer {name!r} are no layers; save the model again"
            )
        parts |= {f"cells_{i}": _read_layer(cell, (), generation) for i, cell in enumerate(cells)}
    return Layer(name, class_name, fields, calls, parts=parts)


def _is_operation(
    entry: Mapping[str, Any], class_name: str, fields: Config, generation: int
) -> bool:
    """Tell a node of keras.ops from a layer of the same name.

    A `.h5` names no module, but every layer has a `trainable` field and no operation has one
    (read off all classes of Keras 3.15; the exceptions are listed).
    """
    if "module" in entry:
        return str(entry["module"]).startswith("keras.src.ops")
    is_layer = "trainable" in fields or class_name.startswith(LAYERS_WITHOUT_TRAINABLE)
    return generation >= 3 and not is_layer


def _is_layer(value: Any) -> bool:
    return isinstance(value, Mapping) and "class_name" in value and "config" in value


def _input_fields(fields: dict[str, Any]) -> Config:
    shape = fields.pop("batch_shape", None) or fields.pop("batch_input_shape", None)
    return {**fields, "shape": tuple(shape) if isinstance(shape, list) else None}


def _implicit_input(first: Mapping[str, Any], config: Mapping[str, Any], generation: int) -> Layer:
    """Return the input a Sequential model without InputLayer has: its first layer's shape."""
    if first.get("class_name") in FUNCTIONAL_CLASSES or first.get("class_name") == "Sequential":
        inner = _read_model(first, generation)
        source = inner.layer(inner.inputs[0].layer)
        return replace(source, name=f"{_name(first)}_input", config={**source.config, **IMPLICIT})
    fields = _mapping(plain(first.get("config")), _name(first))
    shape = fields.get("batch_input_shape") or fields.get("batch_shape")
    shape = shape or config.get("build_input_shape")
    if not isinstance(shape, list):
        why = "the Sequential model was saved before it knew its input shape"
        remedy = (
            "add keras.Input(shape=...) as its first layer, or call it on data, and save it again"
        )
        reason = Reason(why, remedy=remedy)
        raise ConversionError(str(reason), [reason])
    dtype = fields.get("dtype", "float32")
    if first.get("class_name") == "Embedding":
        dtype = "float32" if generation < 3 else "int32"
    return Layer(
        f"{_name(first)}_input",
        "InputLayer",
        {"shape": tuple(shape), "dtype": dtype, **IMPLICIT},
        (Call(),),
    )


IMPLICIT = {"is_implicit": True}
"""Marks an input that a Sequential model has without an InputLayer of its own."""


def _check_callers(layer: Layer, model: str, held: Collection[str]) -> None:
    """Refuse a layer that is called on a tensor of another model.

    Keras 2 writes a layer so that a model shares with a model inside it: with the call inside.
    """
    for call in layer.calls:
        for ref in tensors((call.args, *call.kwargs.values())):
            if ref.layer not in held:
                raise ConversionError(
                    f"layer {layer.name!r} ({layer.class_name}) of model {model!r} is called "
                    f"on {ref.layer!r}, which the model does not hold; if it shares the layer with "
                    "a model inside it, give each a layer of its own with the same weights "
                    "(set_weights), and save it again"
                )


def _checked(graph: Graph) -> Graph:
    """Return a graph whose references all lead somewhere."""
    calls: dict[str, int] = {}
    for layer in graph.layers:
        if layer.name in calls:
            raise ConversionError(
                f"model {graph.name!r} has two layers called {layer.name!r}; give one of them "
                "another name and save it again"
            )
        if not layer.calls:
            raise ConversionError(
                f"layer {layer.name!r} of model {graph.name!r} is never called; save it again"
            )
        calls[layer.name] = len(layer.calls)
    for layer in graph.layers:
        _check_callers(layer, graph.name, calls)
    made = [call for layer in graph.layers for call in layer.calls]
    used = [ref for call in made for ref in tensors((call.args, *call.kwargs.values()))]
    for ref in (*graph.inputs, *graph.outputs, *used):
        if not 0 <= ref.call < calls.get(ref.layer, 0) or ref.output < 0:
            raise ConversionError(
                f"model {graph.name!r} refers to call {ref.call} of layer {ref.layer!r}, which "
                "the file does not hold; save the model again"
            )
    given = [ref.layer for ref in graph.inputs]
    sources = [layer.name for layer in graph.layers if layer.class_name == "InputLayer"]
    if sorted(given) != sorted(sources) or any(ref.output for ref in graph.inputs):
        raise ConversionError(
            f"model {graph.name!r} has the inputs {given}, but its input layers are {sources}; "
            "build it from keras.Input tensors and save it again"
        )
    return graph


def _name(entry: Mapping[str, Any]) -> str:
    config = entry.get("config")
    name = config.get("name") if isinstance(config, Mapping) else None
    name = name or entry.get("name")
    if not isinstance(name, str):
        raise ConversionError(f"a layer of class {entry.get('class_name')!r} has no name")
    return name


def _list(config: Mapping[str, Any], key: str) -> list[Any]:
    value = config.get(key)
    if not isinstance(value, list):
        raise ConversionError(f"the model config holds no list of {key}; save the model again")
    return value


def _mapping(value: Any, what: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise ConversionError(f"the config of {what} is {shown(value)} instead of an object")
    return value
