"""Inputs of integers become float32, but where only tables and scalings are fed with them.

Before: InputLayer {"dtype": "int32"} that feeds BatchNormalization
After:  InputLayer {"dtype": "float32"}, which tfjs casts what it is fed with to

Keras promotes integers that meet floats. tfjs casts or joins the other way round, so that
BatchNormalization gives integers and Concatenate cuts floats off, and its wasm backend reads
integers as if they were floats. Where Keras itself computes in integers the model is refused.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Graph, Layer, with_graphs
from tfjs_serve.rewriting.rule import Context, GraphRewrite, with_fields

CAST_BY_TFJS = frozenset({"Embedding", "Rescaling"})
"""Layers of tfjs that cast what they are called with themselves, as nested models do."""


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Declare integer inputs as floats, nested models included."""
    fed = _fed(graph)
    return None if fed == graph else GraphRewrite(fed)


def _fed(graph: Graph) -> Graph:
    def declared(layer: Layer) -> Layer:
        layer = with_graphs(layer, _fed)
        if _is_integer_input(layer) and not all(_is_cast(user) for user in _users(graph, layer)):
            return with_fields(layer, {"dtype": "float32"})
        return layer

    return replace(graph, layers=tuple(declared(layer) for layer in graph.layers))


def _is_cast(layer: Layer) -> bool:
    # A custom class gets what it gets in Keras.
    is_cast = layer.class_name in CAST_BY_TFJS or layer.graph is not None or layer.is_custom
    return is_cast or _is_handed_on(layer)


def _is_handed_on(layer: Layer) -> bool:
    """Tell whether a layer returns its input as it is, in whatever shape."""
    if layer.class_name == "Activation":
        return layer.config.get("activation") == "linear"
    return layer.class_name in ("Flatten", "Reshape")


def _users(graph: Graph, source: Layer) -> list[Layer]:
    """Return the layers called on a source, as it is or in another shape."""
    users: list[Layer] = []
    waiting = [source]
    while waiting:
        name = waiting.pop().name
        found = [
            layer
            for layer in graph.layers
            if any(ref.layer == name for call in layer.calls for ref in call.inputs)
            and layer not in users
        ]
        users += found
        waiting += [layer for layer in found if _is_handed_on(layer)]
    return users


def _is_integer_input(layer: Layer) -> bool:
    return layer.class_name == "InputLayer" and layer.config.get("dtype", "float32") != "float32"
