"""Layers of custom classes are left to the page, which registers those classes.

Before: mine>Doubling {"factor": 2, "dtype": "float32"}, with `--allow-custom Doubling`
After:  Doubling {"factor": 2}, with the weights that the file has for it; refused without the flag

A Lambda keeps the name of its function and its arguments, never its byte code. A class that is
called like one of Keras's or tfjs's own, or like another one of the model, keeps its package:
`mine>Dense`, or `Custom>Dense`. Output shapes are what the file tells of them;
with `--allow-custom Doubling:same` they are those of the first input where it tells none. A class
that a TimeDistributed calls on each step is passed through, too (rules.time_steps).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tfjs_serve.graph import OPERATION_PREFIX, Call, Graph, Layer, walk_graphs, with_graphs
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.custom import LOOPS, is_allowed, keeps_shape, own_config, registered_names
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.namesakes import missing_fields
from tfjs_serve.topology import part_config

_KEPT = "; where the file tells no shape of its output, it is that of its input"


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Mark the layers whose classes a user allows, and give them the names tfjs looks up."""
    allowed = context.options.allow_custom
    found = [
        layer
        for inner in walk_graphs(graph)
        for outer in inner.layers
        for layer in _called(outer)
        if is_custom(layer) and is_allowed(layer.class_name, allowed)
    ]
    if not found:
        return None
    names = registered_names(layer.class_name for layer in found)
    notes = tuple(
        Note(
            f"needs the class {name!r}: the page registers it before tf.loadLayersModel "
            "(`tfjs-serve stub` writes a skeleton); a mask it makes in Keras is not handed on"
            f"{_KEPT if keeps_shape(keras_name, allowed) else ''}",
            kind=NoteKind.PAGE,
        )
        for keras_name, name in names.items()
    )
    return GraphRewrite(_marked(graph, names, allowed), notes)


def _marked(graph: Graph, names: dict[str, str], allowed: Sequence[str]) -> Graph:
    return replace(graph, layers=tuple(_passed(layer, names, allowed) for layer in graph.layers))


def _called(layer: Layer) -> Iterator[Layer]:
    """Yield a layer, and what it calls on each step."""
    yield layer
    if layer.class_name in LOOPS:
        for part in layer.parts.values():
            yield from _called(part)


def _passed(layer: Layer, names: dict[str, str], allowed: Sequence[str]) -> Layer:
    layer = with_graphs(layer, lambda inner: _marked(inner, names, allowed))
    if layer.class_name in LOOPS:
        inside = {
            field: _passed(_of_step(layer, part), names, allowed)
            for field, part in layer.parts.items()
        }
        return replace(layer, parts=inside)
    if layer.class_name not in names or not is_custom(layer):
        return layer
    parts = {field: part_config(part) for field, part in layer.parts.items()}
    return replace(
        layer,
        class_name=names[layer.class_name],
        config={**own_config(layer), **parts},
        parts={},
        is_custom=True,
        keeps_shape=keeps_shape(layer.class_name, allowed),
    )


def _of_step(layer: Layer, part: Layer) -> Layer:
    """Return a wrapped layer with what the file tells of the outputs of its wrapper."""
    told = layer.calls[0].shapes if layer.calls else ()
    shapes = tuple(shape and (shape[0], *shape[2:]) for shape in told) or (None,)
    return replace(part, calls=(Call(shapes=shapes),))


def is_custom(layer: Layer) -> bool:
    """Tell whether a layer is of no class that Keras itself defines."""
    name = layer.class_name
    if layer.graph is not None or name.startswith(OPERATION_PREFIX):
        return False
    return name not in KERAS_CLASSES or bool(missing_fields(layer))
