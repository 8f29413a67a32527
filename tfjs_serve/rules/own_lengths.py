"""A Reshape to the length of its own axis 1 is marked, so that -1 beside it can be the batch.

Before: tf.reshape(Dense (x), [-1, tf.shape(x)[1], 2, 4])
After:  {"own_length": true} for it, by which -1 is the batch where x is [batch, length, 8]

Models of Keras 2 write hand-made attention so. The two lengths are the same where layers that keep
axis 1 lead from one tensor to both. With a length of another origin -1 could be anything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.graph import Graph, Layer, TensorRef, Value, tensors, with_graphs
from tfjs_serve.lowering.asked import OWN_LENGTH
from tfjs_serve.rewriting.rule import Context, GraphRewrite, with_fields

KEEPING = frozenset(
    {"Activation", "BatchNormalization", "Dense", "Dropout", "Embedding", "LayerNormalization"}
    | {"Masking", "ReLU", "SpatialDropout1D"}
)
"""Layers whose output has as long an axis 1 as their input, where that length is unknown."""

SHAPES = ("compat.v1.shape", "shape")


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Mark what is reshaped to a length of its own, nested models included."""
    marked = _marked(graph)
    return None if marked == graph else GraphRewrite(marked)


def _marked(graph: Graph) -> Graph:
    layers = {layer.name: layer for layer in graph.layers}
    inner = (with_graphs(layer, _marked) for layer in graph.layers)
    return replace(graph, layers=tuple(_with_mark(layer, layers) for layer in inner))


def _with_mark(layer: Layer, layers: Mapping[str, Layer]) -> Layer:
    if layer.config.get("function") != "reshape" or len(layer.calls) != 1:
        return layer
    (call,) = layer.calls
    target, x = call.kwargs.get("shape"), call.args[0] if call.args else None
    lengths = list(tensors(target))
    is_inferred = isinstance(target, tuple) and target[:1] == (-1,)
    if not is_inferred or len(lengths) != 1 or not isinstance(x, TensorRef):
        return layer
    measured = _measured(lengths[0], layers)
    if measured is None or set(_origins(x, layers)).isdisjoint(_origins(measured, layers)):
        return layer
    return with_fields(layer, {OWN_LENGTH: True})


def _measured(length: TensorRef, layers: Mapping[str, Layer]) -> TensorRef | None:
    """Return the tensor whose axis 1 a tensor holds the length of; None for any other number."""
    item = _called_on(length, layers, ("__operators__.getitem",), {"slice_spec": 1})
    return None if item is None else _called_on(item, layers, SHAPES, {})


def _called_on(
    ref: TensorRef,
    layers: Mapping[str, Layer],
    functions: tuple[str, ...],
    said: Mapping[str, Value],
) -> TensorRef | None:
    layer = layers.get(ref.layer)
    if layer is None or layer.config.get("function") not in functions or len(layer.calls) != 1:
        return None
    (call,) = layer.calls
    first = call.args[0] if len(call.args) == 1 else None
    is_said = all(call.kwargs.get(key) == value for key, value in said.items())
    return first if is_said and isinstance(first, TensorRef) else None


def _origins(ref: TensorRef, layers: Mapping[str, Layer]) -> Iterator[TensorRef]:
    """Return a tensor and those it was made of by layers that keep axis 1."""
    yield ref
    layer = layers.get(ref.layer)
    if layer is not None and layer.class_name in KEEPING and ref.call < len(layer.calls):
        inputs = layer.calls[ref.call].inputs
        if len(inputs) == 1:
            yield from _origins(inputs[0], layers)
