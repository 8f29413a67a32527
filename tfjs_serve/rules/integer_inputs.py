"""Inputs of integers become float32, but where only tables and scalings are fed with them.

Before: InputLayer {"dtype": "int32"} that feeds BatchNormalization
After:  InputLayer {"dtype": "float32"}, which tfjs casts what it is fed with to

Keras promotes integers that meet floats. tfjs casts or joins the other way round, so that
BatchNormalization gives integers and Concatenate cuts floats off, and its wasm backend reads
integers as if they were floats. Where Keras itself computes in integers the model is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer, walk_graphs
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal, with_fields

CAST_BY_TFJS = frozenset({"Embedding", "Rescaling"})
"""Layers of tfjs that cast what they are called with themselves, as nested models do."""

KEEP_INTEGERS = frozenset(
    (
        *("Activation", "AlphaDropout", "Concatenate", "Cropping2D", "Dropout", "Flatten"),
        *("GaussianDropout", "GaussianNoise", "GlobalMaxPooling1D", "GlobalMaxPooling2D"),
        *("MaxPooling1D", "MaxPooling2D", "Maximum", "Minimum", "Permute", "RepeatVector"),
        *("Reshape", "SpatialDropout1D", "UpSampling2D", "ZeroPadding2D"),
    )
)
"""Layers that move or choose values: the numbers are the same in either dtype."""

_COMPUTE_IN_INTEGERS = frozenset({"Add", "Average", "Dot", "Multiply", "ReLU"})

COMPUTE_IN_INTEGERS: Mapping[int, frozenset[str]] = {
    2: _COMPUTE_IN_INTEGERS | {"GlobalAveragePooling1D", "GlobalAveragePooling2D"},
    3: _COMPUTE_IN_INTEGERS | {"LayerNormalization"},
}
"""Generation of Keras -> layers whose results overflow or lose their fractions (measured)."""


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Declare integer inputs as floats, nested models included."""
    reasons = tuple(
        reason for model in walk_graphs(graph) for reason in _reasons(model, context.generation)
    )
    if reasons:
        return Refusal(reasons)
    fed = _fed(graph)
    return None if fed == graph else GraphRewrite(fed)


def _fed(graph: Graph) -> Graph:
    def declared(layer: Layer) -> Layer:
        if layer.graph is not None:
            return replace(layer, graph=_fed(layer.graph))
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


def _reasons(graph: Graph, generation: int) -> Iterator[Reason]:
    """Yield a reason for every layer that Keras calls with nothing but integers to compute."""
    refused = COMPUTE_IN_INTEGERS[3 if generation >= 3 else 2]
    integers = {(layer.name, 0) for layer in graph.layers if _is_integer_input(layer)}
    calls = [
        (layer, (layer.name, index), {(ref.layer, ref.call) for ref in call.inputs})
        for layer in graph.layers
        for index, call in enumerate(layer.calls)
        if call.inputs
    ]
    count = 0
    while len(integers) > count:
        count = len(integers)
        for layer, name, inputs in calls:
            if _worker(layer).class_name in KEEP_INTEGERS and inputs <= integers:
                integers.add(name)
    why = f"not supported yet: called with integers, with which Keras {generation} computes in"
    for layer, _, inputs in calls:
        if inputs <= integers and _worker(layer).class_name in refused:
            yield Reason(f"{why} integers", layer.name, layer.class_name)


def _worker(layer: Layer) -> Layer:
    """Return the layer that does the work: of a wrapper, the wrapped one."""
    return layer.parts.get("layer", layer)
