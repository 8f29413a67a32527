"""Convolutions by a constant kernel become layers with frozen weights.

Before: keras.ops.Conv {"strides": 2, "padding": "same"} (x, kernel)
After:  Conv2D {"filters": 4, "kernel_size": [3, 2], "strides": [2, 2], "trainable": false} (x)
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.lowering.chains import constant
from tfjs_serve.lowering.operands import (
    constant_array,
    is_integer,
    known_shape,
    operands,
    operation,
)
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

FORMATS = (None, "channels_last", "NWC", "NHWC")

ROLES = {"Conv": ("kernel", "filters"), "DepthwiseConv": ("depthwise_kernel", "depth_multiplier")}
"""Operation -> the weight of its layer, and the field that tells the last length of it."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Write a constant kernel as the weights of a layer."""
    name, args = operation(layer), operands(layer)
    if name not in ROLES or args is None or len(args) != 2 or not isinstance(args[0], TensorRef):
        return None
    kernel, shape = constant_array(args[1]), known_shape(context.shapes[0])
    if kernel is None:
        return None
    fields = _fields(layer.config, shape, kernel)
    if fields is None:
        asked = ", ".join(f"{key} = {value!r}" for key, value in layer.config.items())
        why = f"{name} of an input {shape} by a kernel {kernel.shape} with {asked}"
        return not_supported(layer, why)
    role, size = ROLES[name]
    config = {**fields, size: kernel.shape[-1], "use_bias": False, "trainable": False}
    weights = (constant(role, kernel),)
    class_name = f"{name}{len(shape) - 2}D"
    return Rewrite(Layer(layer.name, class_name, config, (Call((args[0],)),), weights))


def _fields(asked: Any, shape: Shape, kernel: np.ndarray) -> dict[str, Any] | None:
    """Return what the layers of both operations share; None for what they cannot do."""
    axes = len(shape) - 2
    strides, rate = (_steps(asked.get(key), axes) for key in ("strides", "dilation_rate"))
    padding = str(asked.get("padding", "valid")).lower()
    is_fitting = kernel.ndim == len(shape) and kernel.shape[-2] == shape[-1]
    is_known = asked.get("data_format") in FORMATS and padding in ("valid", "same")
    if axes not in (1, 2) or not is_fitting or not is_known or strides is None or rate is None:
        return None
    return {
        **{"kernel_size": list(kernel.shape[:-2]), "strides": strides, "dilation_rate": rate},
        **{"padding": padding, "data_format": "channels_last", "activation": "linear"},
    }


def _steps(value: Any, axes: int) -> list[int] | None:
    """Return one step for each axis; TensorFlow may name those of batch and channels, too."""
    steps = list(value) if isinstance(value, list | tuple) else [1 if value is None else value]
    if len(steps) == axes + 2 and (steps[0], steps[-1]) == (1, 1):
        steps = steps[1:-1]
    steps = steps * axes if len(steps) == 1 else steps
    return steps if len(steps) == axes and all(map(is_integer, steps)) else None
