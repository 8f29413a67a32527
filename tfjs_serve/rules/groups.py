"""Grouped convolutions become depthwise ones, or full ones with zeros between the groups.

Before: Conv2D {"filters": 8, "groups": 4} on 4 channels, Conv2D {"groups": 2} on 4 channels
After:  DepthwiseConv2D {"depth_multiplier": 2},          Conv2D with a block-diagonal kernel

tfjs knows no groups and expects a kernel over all channels (layers/convolutional.ts, `build`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.lowering.chains import reshaped_weight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

DEPTHWISE = {"Conv1D": "DepthwiseConv1D", "Conv2D": "DepthwiseConv2D"}
CLASSES = (*DEPTHWISE, "Conv3D")
LEARNS_ZEROS = "further training also changes the zeros between the groups of its kernel"
KERNEL_FIELDS = ("initializer", "regularizer", "constraint")


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Give the convolution a kernel that needs no groups."""
    groups = layer.config.get("groups", 1)
    if layer.class_name not in CLASSES or not isinstance(groups, int) or groups < 2:
        return None
    kernel = next((weight for weight in layer.weights if weight.name == "kernel"), None)
    if kernel is None:
        return None
    if kernel.shape[-2] == 1 and layer.class_name in DEPTHWISE:
        return Rewrite(_depthwise(layer, kernel, groups))
    made = _with_kernel(with_fields(layer, {"groups": 1}), _full(kernel, groups))
    return Rewrite(made, (Note(LEARNS_ZEROS, layer.name, NoteKind.TRAINING),))


def _depthwise(layer: Layer, kernel: Weight, channels: int) -> Layer:
    """Return the depthwise convolution: filter i belongs to channel i // multiplier in both."""
    multiplier = kernel.shape[-1] // channels
    fields = {"depth_multiplier": multiplier} | {
        f"depthwise_{field}": layer.config[f"kernel_{field}"]
        for field in KERNEL_FIELDS
        if f"kernel_{field}" in layer.config
    }
    unread = (f"kernel_{field}" for field in KERNEL_FIELDS)
    made = with_fields(layer, fields, "filters", "groups", *unread)
    made = replace(made, class_name=DEPTHWISE[layer.class_name])
    shape = (*kernel.shape[:-2], channels, multiplier)
    return _with_kernel(made, reshaped_weight(kernel, "depthwise_kernel", shape))


def _full(kernel: Weight, groups: int) -> Weight:
    """Return the kernel over all channels, zero where a filter does not see one."""
    *window, channels, filters = kernel.shape
    width = filters // groups
    shape = (*window, channels * groups, filters)

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        full = np.zeros(shape, values.dtype)
        for i in range(groups):
            own = slice(i * width, (i + 1) * width)
            full[..., i * channels : (i + 1) * channels, own] = values[..., own]
        return full

    return Weight("kernel", Computed(shape, (kernel.values,), compute, ("groups", groups)))


def _with_kernel(layer: Layer, kernel: Weight) -> Layer:
    others = (weight for weight in layer.weights if weight.name != "kernel")
    return replace(layer, weights=(kernel, *others))
