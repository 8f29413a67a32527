"""A dilated kernel that tfjs cannot use gets zeros between its values.

Before: SeparableConv2D {"kernel_size": 3, "strides": 2, "dilation_rate": 2},
        Conv2DTranspose {"kernel_size": 3, "dilation_rate": 2}
After:  the same with {"kernel_size": [5, 5], "dilation_rate": [1, 1]}, every second value 0

tfjs-core takes no strides with a dilation (ops/depthwise_conv2d.ts), and tfjs-layers reads no
dilation of a transposed convolution (layers/convolutional.ts). Keras 3 computes the first kind for
layers by channel (backend/tensorflow/nn.py, `_depthwise_conv_stride_dilation_decomposition`), both
Kerases the second. Further training fills the zeros, which is said in a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.layers_format.catalog.shapes import per_axis
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

BY_CHANNEL = {
    **{"DepthwiseConv1D": 1, "DepthwiseConv2D": 2, "SeparableConv1D": 1, "SeparableConv2D": 2},
}
TRANSPOSED = {"Conv1DTranspose": 1, "Conv2DTranspose": 2, "Conv3DTranspose": 3}
AXES = BY_CHANNEL | TRANSPOSED

WARNING = "has zeros between the values of its kernel: further training also trains those"


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Write the zeros of a dilation into the kernel."""
    axes = AXES.get(layer.class_name)
    if axes is None or "kernel_size" not in layer.config:
        return None
    config: Mapping[str, Any] = {"strides": 1, "dilation_rate": 1, **layer.config}
    rates, strides = (per_axis(config, name, axes) for name in ("dilation_rate", "strides"))
    if max(rates) == 1 or (layer.class_name in BY_CHANNEL and max(strides) == 1):
        return None
    name = "kernel" if layer.class_name in TRANSPOSED else "depthwise_kernel"
    windows = per_axis(config, "kernel_size", axes)
    spans = [(size - 1) * rate + 1 for size, rate in zip(windows, rates, strict=True)]
    fields = {"kernel_size": spans, "dilation_rate": [1] * axes}
    weights = tuple(
        _spread(weight, rates, spans) if weight.name == name else weight for weight in layer.weights
    )
    spread = replace(with_fields(layer, fields), weights=weights)
    return Rewrite(spread, (Note(WARNING, layer.name, NoteKind.TRAINING),))


def _spread(weight: Weight, rates: tuple[int, ...], spans: list[int]) -> Weight:
    """Return a kernel [spatial axes, ...] with zeros between its places."""
    shape = (*spans, *weight.shape[len(spans) :])
    places = tuple(slice(None, None, rate) for rate in rates)

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        full = np.zeros(shape, np.float32)
        full[places] = values
        return full

    return Weight(weight.name, Computed(shape, (weight.values,), compute, ("spread", *rates)))
