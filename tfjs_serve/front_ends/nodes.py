"""The two spellings of a layer's calls.

Keras 2 (engine/functional.py, `get_network_config`) writes a call as a list of
`[layer, node, tensor, kwargs]`; Keras 3 (models/functional.py, `serialize_node`) writes
`{"args", "kwargs"}` with tensors as `__keras_tensor__` objects. Both name tensors by node index;
`Numbering` turns those into calls counted from 0.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.values import plain
from tfjs_serve.graph import Call, Slice, TensorRef, Value
from tfjs_serve.visible import shown

FALSE_SAYS_NOTHING = ("training", "mask")
"""Call arguments that are as good as null when they are false."""

INPUT_ARGUMENTS = ("inputs", "sequences")
"""Names of a layer's first argument, which Keras 3 keeps where it was passed by name."""


@dataclass(frozen=True, slots=True)
class Numbering:
    """How a generation of Keras numbers the calls of nested models.

    A model has a node of its own before its first call. Keras 2 counts it everywhere; Keras 3
    counts it for Functional models in `input_layers` and `output_layers`, and nowhere else.
    """

    generation: int
    functional: Collection[str]
    sequential: Collection[str]

    def in_node(self, layer: str, node: int) -> int:
        """Return the call that node `node` of `inbound_nodes` stands for."""
        is_model = layer in self.functional or layer in self.sequential
        return node - 1 if self.generation < 3 and is_model else node

    def at_boundary(self, layer: str, node: int) -> int:
        """Return the call that node `node` of `input_layers` or `output_layers` stands for."""
        is_counted = layer in self.functional or (self.generation < 3 and layer in self.sequential)
        return node - 1 if is_counted else node


def read_calls(inbound_nodes: Any, numbering: Numbering) -> tuple[Call, ...]:
    """Return the calls of a layer in either spelling; ConversionError when it is neither."""
    if not isinstance(inbound_nodes, list):
        raise ConversionError("the model's `inbound_nodes` is not a list; save the model again")
    return tuple(
        _keras3_call(node, numbering)
        if isinstance(node, Mapping) and "args" in node
        else _keras2_call(node, numbering)
        for node in inbound_nodes
    )


def read_boundary(spec: Any, numbering: Numbering) -> tuple[TensorRef, ...]:
    """Return the tensors of `input_layers` or `output_layers`, in the model's own order.

    The spec is one triple, a list of triples, or a dict of either, whose values Keras orders by
    sorted key (measured on Keras 2.15 and 3.15).
    """
    return tuple(
        TensorRef(layer, numbering.at_boundary(layer, node), output)
        for layer, node, output in _triples(spec)
    )


def _triples(spec: Any) -> Iterator[tuple[str, int, int]]:
    if is_triple(spec):
        yield spec[0], spec[1], spec[2]
    elif isinstance(spec, Mapping):
        for key in sorted(spec):
            yield from _triples(spec[key])
    elif isinstance(spec, list):
        for item in spec:
            yield from _triples(item)
    else:
        raise ConversionError(
            f"the model names an input or output as {shown(spec)} instead of "
            "[layer, node, tensor]; "
            "save the model again"
        )


def is_triple(value: Any) -> TypeGuard[list[Any]]:
    """Tell a reference to a tensor, `[layer, node, output]`, from anything else."""
    return (
        isinstance(value, list)
        and len(value) in (3, 4)
        and isinstance(value[0], str)
        and all(isinstance(index, int) and not isinstance(index, bool) for index in value[1:3])
    )


def _is_constant(node: Any) -> bool:
    """Tell whether a call is on a constant alone, tensors being named: `2.0 * x`."""
    return isinstance(node, list) and node[:1] == ["_CONSTANT_VALUE"]


def _keras2_call(node: Any, numbering: Numbering) -> Call:
    if isinstance(node, Mapping):
        return Call((_dict_in_words(node),))
    entries = [node] if is_triple(node) or _is_constant(node) else node
    if not isinstance(entries, list):
        raise ConversionError(f"a layer is called with {shown(node)}, which is no list of tensors")
    kwargs: dict[str, Value] = {}
    inputs: list[Value] = []
    for entry in entries:
        inputs.append(_keras2_input(entry, numbering, kwargs))
    args = (inputs[0],) if len(inputs) == 1 else (tuple(inputs),)
    return Call(args, _without_defaults(kwargs))


def _keras2_input(entry: Any, numbering: Numbering, kwargs: dict[str, Value]) -> Value:
    """Return a tensor, a constant or a list of them; named arguments of the call go to kwargs."""
    if isinstance(entry, list) and entry and isinstance(entry[0], list):
        return tuple(_keras2_input(item, numbering, kwargs) for item in entry)
    if not isinstance(entry, list) or len(entry) < 3:
        raise ConversionError(f"a layer is called with {shown(entry)}, which names no tensor")
    if len(entry) > 3 and isinstance(entry[3], Mapping):
        kwargs |= {key: _value(item, numbering) for key, item in entry[3].items()}
    if entry[0] == "_CONSTANT_VALUE":
        return _value(entry[2], numbering)
    return _reference(entry, numbering)


def _keras3_call(node: Mapping[str, Any], numbering: Numbering) -> Call:
    positional, named = node["args"], node.get("kwargs", {})
    if not isinstance(positional, list) or not isinstance(named, Mapping):
        raise ConversionError(
            f"a layer is called with {shown(node)}, which is no list of arguments"
        )
    args = tuple(_value(item, numbering) for item in positional)
    kwargs = {key: _value(item, numbering) for key, item in named.items()}
    if not args:
        args = tuple(kwargs.pop(name) for name in INPUT_ARGUMENTS if name in kwargs)
    return Call(args, _without_defaults(kwargs))


def _value(item: Any, numbering: Numbering) -> Value:
    """Return a call argument with its tensors as references; dicts become words."""
    if is_triple(item):
        return _reference(item, numbering)
    if isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__":
        config = item.get("config")
        found = config.get("keras_history") if isinstance(config, Mapping) else None
        return _reference(found, numbering)
    if isinstance(item, Mapping) and (indices := _indices(item)) is not None:
        return Slice(*(_value(part, numbering) for part in indices))
    if isinstance(item, Mapping) and item.get("class_name") == "__ellipsis__":
        return ...
    if isinstance(item, Mapping) and all(part is None for part in item.values()):
        return None
    if isinstance(item, Mapping):
        value = plain(item)
        return _dict_in_words(value) if isinstance(value, Mapping) else _value(value, numbering)
    if isinstance(item, list):
        return tuple(_value(part, numbering) for part in item)
    if item is None or isinstance(item, bool | int | float | str):
        return item
    raise ConversionError(f"a layer is called with {shown(item)}, which is no value Keras writes")


def _indices(item: Mapping[str, Any]) -> tuple[Any, Any, Any] | None:
    """Return start, stop and step of a slice: Keras 3 wraps what Keras 2 writes bare."""
    config = item.get("config") if item.get("class_name") in ("slice", "__slice__") else item
    if not isinstance(config, Mapping) or set(config) != {"start", "stop", "step"}:
        return None
    return config["start"], config["stop"], config["step"]


def _dict_in_words(value: Mapping[str, Any]) -> str:
    """Return what stands for a dict, which no rule translates: tfjs takes lists only.

    Which tensor of a dict Keras gives to which input depends on the model that is called.
    """
    class_name = value.get("class_name")
    return class_name if isinstance(class_name, str) else f"a dict of {', '.join(sorted(value))}"


def _reference(triple: Any, numbering: Numbering) -> TensorRef:
    if not is_triple(triple):
        raise ConversionError(f"a layer is called with {shown(triple)} instead of a tensor")
    layer, node, output = triple[:3]
    return TensorRef(layer, numbering.in_node(layer, node), output)


def _without_defaults(kwargs: Mapping[str, Value]) -> dict[str, Value]:
    return {
        key: value
        for key, value in kwargs.items()
        if not (value is None or (key in FALSE_SAYS_NOTHING and _says_nothing(value)))
    }


def _says_nothing(value: Value) -> bool:
    """Tell whether an argument is absent; a model of many inputs gets a tuple of no masks."""
    if isinstance(value, tuple):
        return all(_says_nothing(item) for item in value)
    return value is None or value is False
