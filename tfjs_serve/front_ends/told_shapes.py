"""What a file tells of the shapes of tensors, for layers whose class nobody here knows.

Keras 3 writes a shape beside every tensor of a functional model (models/functional.py,
`serialize_keras_tensor`); an archive of either Keras has `build_config`, the input shape with
which a layer was built (keras/src/layers/layer.py, `get_build_config`). What goes into a layer is
what came out of the one before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.front_ends.nodes import Numbering, is_triple
from tfjs_serve.graph import Graph, Layer, Shape, TensorRef

MOST_OUTPUTS = 1000
"""Outputs of one call that are looked up: a damaged file may name the two billionth."""


def with_told_shapes(
    graph: Graph, entries: Sequence[Mapping[str, Any]], numbering: Numbering | None = None
) -> Graph:
    """Return a model whose calls say what the file tells of their outputs.

    entries: the serialized layers; one that is contradicted says nothing.
    """
    told: dict[TensorRef, Shape | None] = {}
    nodes = [entry.get("inbound_nodes") for entry in entries]
    for ref, shape in (*_beside_tensors(nodes, numbering), *_of_builds(graph, entries)):
        told[ref] = shape if told.get(ref, shape) == shape else None
    used = {ref for layer in graph.layers for call in layer.calls for ref in call.needs}
    counts: dict[tuple[str, int], int] = {}
    for ref in (*used, *graph.outputs):
        counts[ref.layer, ref.call] = max(counts.get((ref.layer, ref.call), 1), ref.output + 1)

    def described(layer: Layer) -> Layer:
        calls = tuple(
            replace(
                call,
                shapes=tuple(
                    told.get(TensorRef(layer.name, index, output))
                    for output in range(min(counts.get((layer.name, index), 1), MOST_OUTPUTS))
                ),
            )
            for index, call in enumerate(layer.calls)
        )
        return replace(layer, calls=calls)

    return replace(graph, layers=tuple(described(layer) for layer in graph.layers))


def _beside_tensors(item: Any, numbering: Numbering | None) -> Iterator[tuple[TensorRef, Shape]]:
    """Yield the tensors of Keras 3 with the shapes that stand beside them."""
    if numbering is None:
        return
    if isinstance(item, Mapping) and item.get("class_name") == "__keras_tensor__":
        config = item.get("config")
        found = config if isinstance(config, Mapping) else {}
        shape, history = _shape(found.get("shape")), found.get("keras_history")
        if shape is not None and is_triple(history):
            layer, node, output = history[:3]
            yield TensorRef(layer, numbering.in_node(layer, node), output), shape
    elif isinstance(item, Mapping):
        for value in item.values():
            yield from _beside_tensors(value, numbering)
    elif isinstance(item, list | tuple):
        for value in item:
            yield from _beside_tensors(value, numbering)


def _of_builds(
    graph: Graph, entries: Sequence[Mapping[str, Any]]
) -> Iterator[tuple[TensorRef, Shape]]:
    """Yield what layers that are called once were built with."""
    inputs = {layer.name: layer.calls[0].inputs for layer in graph.layers if len(layer.calls) == 1}
    for entry in entries:
        build, config = entry.get("build_config"), entry.get("config")
        name = config.get("name") if isinstance(config, Mapping) else None
        if not isinstance(build, Mapping) or not isinstance(name, str) or name not in inputs:
            continue
        given = build.get("input_shape")
        whole = _shape(given)
        parts = [_shape(item) for item in given] if isinstance(given, list) else []
        shapes = [whole] if whole is not None else parts
        if len(shapes) == len(inputs[name]):
            for ref, shape in zip(inputs[name], shapes, strict=True):
                if shape is not None:
                    yield ref, shape


def _shape(value: Any) -> Shape | None:
    """Return a list of lengths as a shape, None for anything else."""
    is_shape = isinstance(value, list) and all(
        item is None or (isinstance(item, int) and not isinstance(item, bool) and item >= 0)
        for item in value
    )
    return tuple(value) if is_shape and value else None
