"""A custom class that is called like one of Keras's own is refused.

Before: Dense {"units": 4}, written by somebody's own `class Dense(keras.layers.Layer)`
After:  refused

A `.h5` names no module, so such a class shows only by what its config lacks: fields that Keras
2.0 and every later version write for their own class of that name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer, walk_layers
from tfjs_serve.rewriting.custom import ADVICE_INSIDE, LOOPS
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.rewriting.supported import remedy

_CONVOLUTION = ("strides", "padding", "activation", "use_bias")
_POOLING = ("pool_size", "strides", "padding")
_RECURRENT = ("activation", "use_bias", "return_sequences", "go_backwards")

ALWAYS_WRITTEN: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Dense": ("activation", "use_bias"),
        **dict.fromkeys(
            (
                *("Conv1D", "Conv2D", "Conv3D", "Conv2DTranspose", "Conv3DTranspose"),
                *("DepthwiseConv2D", "SeparableConv2D", "ConvLSTM2D"),
            ),
            _CONVOLUTION,
        ),
        **dict.fromkeys(
            (
                *("MaxPooling1D", "MaxPooling2D", "MaxPooling3D"),
                *("AveragePooling1D", "AveragePooling2D", "AveragePooling3D"),
            ),
            _POOLING,
        ),
        **dict.fromkeys(("SimpleRNN", "GRU", "LSTM"), _RECURRENT),
        "BatchNormalization": ("momentum", "epsilon", "center", "scale"),
        "LayerNormalization": ("epsilon", "center", "scale"),
    }
)
"""Fields by class that Keras writes whatever their values are."""


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse layers whose config Keras's class of that name would not have written."""
    if context.generation < 2:
        return None
    inside = {
        id(part)
        for layer in walk_layers(graph.layers)
        if layer.class_name not in LOOPS
        for part in walk_layers(layer.parts.values())
    }
    reasons = tuple(
        Reason(
            f"its config holds no {missing[0]}, which Keras's own {layer.class_name} always "
            "writes: a custom class of the same name, whose Python code is not in the file",
            layer.name,
            layer.class_name,
            ADVICE_INSIDE if id(layer) in inside else remedy(layer),
        )
        for layer in walk_layers(graph.layers)
        if (missing := missing_fields(layer))
    )
    return Refusal(reasons) if reasons else None


def missing_fields(layer: Layer) -> list[str]:
    """Return the fields Keras always writes for the class of a layer that its config lacks."""
    if layer.is_custom:
        return []
    return [name for name in ALWAYS_WRITTEN.get(layer.class_name, ()) if name not in layer.config]
