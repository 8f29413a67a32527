"""Layers of one spatial axis become those of two, the other one of length 1.

Before: SeparableConv1D {"kernel_size": 3} on [null, 8, 2]
After:  Reshape (SeparableConv2D {"kernel_size": [3, 1]} (Reshape {"target_shape": [8, 1, 2]}))

tfjs has only the classes of two axes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, finished, reshape, reshaped_weight
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CONVOLUTIONS = {
    "DepthwiseConv1D": "DepthwiseConv2D",
    "SeparableConv1D": "SeparableConv2D",
    "Conv1DTranspose": "Conv2DTranspose",
}
OTHERS = {
    "ZeroPadding1D": "ZeroPadding2D",
    "Cropping1D": "Cropping2D",
    "UpSampling1D": "UpSampling2D",
}
CLASSES = {**CONVOLUTIONS, **OTHERS}

KERNELS = ("kernel", "depthwise_kernel", "pointwise_kernel")


def _length(value: Any) -> list[int] | None:
    """Return a length of the first axis with 1 for the second; None stays."""
    return None if value is None else [value[0] if isinstance(value, list | tuple) else value, 1]


def _border(value: Any) -> list[list[int]]:
    """Return what comes before and after the first axis, and nothing for the second."""
    return [list(value) if isinstance(value, list | tuple) else [value, value], [0, 0]]


FIELDS: dict[str, Callable[[Any], Any]] = {
    "kernel_size": _length,
    "strides": _length,
    "dilation_rate": _length,
    "size": _length,
    "padding": lambda value: value if isinstance(value, str) else _border(value),
    "cropping": _border,
}


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Add an axis of length 1 before the channels, and take it away afterwards."""
    class_name = CLASSES.get(layer.class_name)
    shape = context.shapes[0] if context.shapes else None
    if class_name is None or shape is None or len(shape) != 3 or shape[-1] is None:
        return None
    added = reshape(layer, "plane", -1, 1, shape[-1])
    fields = {name: FIELDS[name](layer.config[name]) for name in FIELDS if name in layer.config}
    plane = replace(with_fields(layer, fields), class_name=class_name)
    if layer.class_name in OTHERS:
        plane = replace(plane, name=f"{layer.name}__inner")
        return finished(layer, added, plane, reshape(layer, "", -1, shape[-1]))
    weights = tuple(
        reshaped_weight(weight, weight.name, (weight.shape[0], 1, *weight.shape[1:]))
        if weight.name in KERNELS
        else weight
        for weight in layer.weights
    )
    channels = layer.config.get("filters") or shape[-1] * layer.config.get("depth_multiplier", 1)
    return chain(added, replace(plane, weights=weights), reshape(layer, "line", -1, channels))
