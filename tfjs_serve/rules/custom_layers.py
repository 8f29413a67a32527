"""Layers of custom classes are left to the page, which registers those classes.

Before: mine>Doubling {"factor": 2, "dtype": "float32"}, with `--allow-custom Doubling`
After:  Doubling {"factor": 2}, with the weights that the file has for it; refused without the flag

A Lambda keeps the name of its function and its arguments, never its byte code. A class that is
called like one of Keras's or tfjs's own, or like another one of the model, keeps its package:
`mine>Dense`, or `Custom>Dense`. Output shapes are what the file tells of them.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.artifacts import Note, NoteKind
from tfjs_serve.graph import OPERATION_PREFIX, Graph, Layer, walk_graphs
from tfjs_serve.rewriting.custom import is_allowed, own_config, registered_names
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.namesakes import missing_fields
from tfjs_serve.topology import part_config


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Mark the layers whose classes a user allows, and give them the names tfjs looks up."""
    allowed = context.options.allow_custom
    found = [
        layer
        for inner in walk_graphs(graph)
        for layer in inner.layers
        if is_custom(layer) and is_allowed(layer.class_name, allowed)
    ]
    if not found:
        return None
    names = registered_names(layer.class_name for layer in found)
    notes = tuple(
        Note(
            f"needs the class {name!r}: the page registers it before tf.loadLayersModel "
            "(`tfjs-serve stub` writes a skeleton); a mask it makes in Keras is not handed on",
            kind=NoteKind.PAGE,
        )
        for name in names.values()
    )
    return GraphRewrite(_marked(graph, names), notes)


def _marked(graph: Graph, names: dict[str, str]) -> Graph:
    return replace(graph, layers=tuple(_passed(layer, names) for layer in graph.layers))


def _passed(layer: Layer, names: dict[str, str]) -> Layer:
    if layer.graph is not None:
        return replace(layer, graph=_marked(layer.graph, names))
    if layer.class_name not in names or not is_custom(layer):
        return layer
    parts = {field: part_config(part) for field, part in layer.parts.items()}
    return replace(
        layer,
        class_name=names[layer.class_name],
        config={**own_config(layer), **parts},
        parts={},
        is_custom=True,
    )


def is_custom(layer: Layer) -> bool:
    """Tell whether a layer is of no class that Keras itself defines."""
    name = layer.class_name
    if layer.graph is not None or name.startswith(OPERATION_PREFIX):
        return False
    return name not in KERAS_CLASSES or bool(missing_fields(layer))
