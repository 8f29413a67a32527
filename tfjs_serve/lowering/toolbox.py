"""Parts that lowerings are made of: tensors of a sketch, and the shapes between layers.

Chains of layers and computed weights stand in `chains`, and can be had from here, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from tfjs_serve.graph import Layer, Shape, TensorRef, Values, Weight
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import (
    Matrix,
    chain,
    constant,
    finished,
    linear_maps,
    permute,
    reshape,
    reshaped_weight,
    step,
    values_of,
)
from tfjs_serve.rewriting.sketch import Sketch

__all__ = [
    "Matrix",
    "activated",
    "axes_last",
    "chain",
    "channel_affine",
    "constant",
    "finished",
    "held",
    "length",
    "lengths",
    "linear_maps",
    "permute",
    "reshape",
    "reshaped_weight",
    "scaled",
    "step",
    "values_of",
]


def scaled(
    sketch: Sketch, x: TensorRef, scale: Any, offset: Any = 0.0, name: str | None = None
) -> TensorRef:
    """Return x * scale + offset: numbers, or nested lists of a shape that fits."""
    return sketch.add("Rescaling", {"scale": scale, "offset": offset}, x, name=name)


def activated(sketch: Sketch, x: TensorRef, activation: str, name: str | None = None) -> TensorRef:
    """Return an activation of x; `linear` is a copy."""
    return sketch.add("Activation", {"activation": activation}, x, name=name)


def length(shape: Shape) -> int | None:
    """Return the product of some lengths, None when one of them is unknown."""
    return None if None in shape else math.prod(item or 0 for item in shape)


def lengths(shape: Shape) -> list[int]:
    """Return the lengths behind the batch axis as a Reshape takes them, an unknown one as -1."""
    if shape[1:].count(None) > 1:
        raise ShapeError(f"needs at most one axis of unknown length, got {shape}")
    return [-1 if length is None else length for length in shape[1:]]


def held(shape: Shape) -> int:
    """Return how many values a sample holds, -1 when an axis is of unknown length."""
    return -1 if None in shape[1:] else math.prod(length or 0 for length in shape[1:])


def axes_last(rank: int, axes: Sequence[int]) -> tuple[list[int], list[int]]:
    """Return the `dims` of two Permutes: one that moves axes to the end, one that undoes it."""
    order = [*(axis for axis in range(1, rank) if axis not in axes), *axes]
    return order, [order.index(axis) + 1 for axis in range(1, rank)]


def channel_affine(
    layer: Layer, shape: Shape, kernel: Values | None, bias: Values | None
) -> tuple[Layer, ...]:
    """Return steps that scale and shift the last axis: a depthwise convolution of 1 by 1.

    kernel, bias: one value for each channel; absent ones stand for 1 and 0.
    """
    channels = shape[-1]
    if channels is None:
        raise ShapeError(f"needs a known number of channels, got {shape}")
    view = shape[1:] if len(shape) == 4 else (held(shape[:-1]), 1, channels)
    factors = constant("depthwise_kernel", np.ones((1, 1, channels, 1), np.float32))
    if kernel is not None:
        factors = reshaped_weight(Weight("", kernel), "depthwise_kernel", (1, 1, channels, 1))
    weights = (factors,) if bias is None else (factors, Weight("bias", bias))
    config = {"kernel_size": [1, 1], "use_bias": bias is not None, "activation": "linear"}
    affine = step(layer, "", "DepthwiseConv2D", config, weights)
    if len(shape) == 4:
        return (affine,)
    return (
        reshape(layer, "channels", *(length or 1 for length in view)),
        affine,
        reshape(layer, "shape", *lengths(shape)),
    )
