"""A dilated depthwise convolution becomes a separable one that mixes no channels.

Before: DepthwiseConv2D {"dilation_rate": 2}
After:  SeparableConv2D {"dilation_rate": 2} with an identity as its pointwise kernel

tfjs ignores the dilation of a depthwise layer (layers/convolutional_depthwise.ts 167), but not
that of a separable one.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import constant
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

CLASSES = ("DepthwiseConv2D",)

LEARNS_MIXING = "further training also changes the identity that keeps its channels apart"


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Add the pointwise kernel that keeps every channel as it is."""
    if layer.class_name not in CLASSES or not _is_dilated(layer):
        return None
    kernel = next((weight for weight in layer.weights if weight.name == "depthwise_kernel"), None)
    if kernel is None:
        return None
    filters = kernel.shape[-2] * kernel.shape[-1]
    identity = np.eye(filters, dtype=np.float32).reshape(1, 1, filters, filters)
    pointwise = constant("pointwise_kernel", identity)
    others = (weight for weight in layer.weights if weight.name != "depthwise_kernel")
    made = with_fields(layer, {"filters": filters}, "groups")
    return Rewrite(
        replace(made, class_name="SeparableConv2D", weights=(kernel, pointwise, *others)),
        (Note(LEARNS_MIXING, layer.name, NoteKind.TRAINING),),
    )


def _is_dilated(layer: Layer) -> bool:
    rate = layer.config.get("dilation_rate", 1)
    return any(item != 1 for item in (rate if isinstance(rate, list | tuple) else (rate,)))
