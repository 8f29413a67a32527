"""A Resizing of whole numbers is refused where Keras 3 makes its result whole numbers again.

Before: Resizing {"interpolation": "bilinear"} on an int32 or uint8 input
After:  a refusal

Keras 3 casts what it has interpolated to the dtype of the images
(keras/src/backend/tensorflow/image.py, `resize`); tfjs layers have no such cast. Keras 2, and
CenterCrop in both, compute in floats.
"""

from __future__ import annotations

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, walk_graphs
from tfjs_serve.rewriting.rule import Context, Refusal

MAKES_FLOATS = frozenset(
    (
        *("BatchNormalization", "CenterCrop", "Conv2D", "Conv2DTranspose", "Dense"),
        *("DepthwiseConv2D", "Embedding", "LayerNormalization", "Normalization", "Rescaling"),
        "SeparableConv2D",
    )
)
"""Layers whose output is of floats whatever goes in; any other may hand whole numbers on."""

REMEDY = "put a Rescaling(1.0) before it, or make the input float32, and save the model again"


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse every interpolation that may be fed whole numbers."""
    if context.generation < 3:
        return None
    reasons = tuple(
        Reason("not supported yet: resizes whole numbers", name, "Resizing", REMEDY)
        for inner in walk_graphs(graph)
        for name in _wrong(inner)
    )
    return Refusal(reasons) if reasons else None


def _wrong(graph: Graph) -> list[str]:
    layers = {layer.name: layer for layer in graph.layers}
    whole = {layer.name for layer in graph.layers if _is_whole_input(layer.config.get("dtype"))}
    whole = {name for name in whole if layers[name].class_name == "InputLayer"}
    grown = True
    while grown:
        more = {
            layer.name
            for layer in graph.layers
            if layer.class_name not in MAKES_FLOATS
            and any(ref.layer in whole for call in layer.calls for ref in call.needs)
        }
        grown = not more <= whole
        whole |= more
    return [
        name
        for name in layers
        if name in whole
        and layers[name].class_name == "Resizing"
        and layers[name].config.get("interpolation", "bilinear") != "nearest"
    ]


def _is_whole_input(dtype: object) -> bool:
    return isinstance(dtype, str) and dtype.startswith(("int", "uint", "bool"))
