"""A causal convolution pads its input in front.

Before: Conv1D {"kernel_size": 3, "padding": "causal"}
After:  Conv1D {"kernel_size": 3, "padding": "valid"} (ZeroPadding1D {"padding": [2, 0]})

tfjs has the word but not the computation (layers/convolutional.ts 114).
"""

from __future__ import annotations

from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, step
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("Conv1D", "DepthwiseConv1D", "SeparableConv1D")


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Pad as many zeros as the window reaches back."""
    if layer.class_name not in CLASSES or layer.config.get("padding") != "causal":
        return None
    window, rate = _only(layer.config["kernel_size"]), _only(layer.config.get("dilation_rate", 1))
    padding = {"padding": [(window - 1) * rate, 0]}
    return chain(
        step(layer, "causal", "ZeroPadding1D", padding), with_fields(layer, {"padding": "valid"})
    )


def _only(value: Any) -> int:
    return int(value[0] if isinstance(value, list | tuple) else value)
