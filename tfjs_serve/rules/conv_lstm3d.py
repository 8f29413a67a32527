"""A ConvLSTM3D is left to the companion module.

Before: ConvLSTM3D {"filters": 2, "kernel_size": [2, 2, 2], ...}
After:  TfjsServeConvLSTM3D {"filters": 2, "kernel_size": [2, 2, 2], ...}

tfjs has the two-dimensional layer only, and no layers compute the convolution of a state with a
window of three axes.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, tensors
from tfjs_serve.layers_format.catalog import companion
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

CLASSES = ("ConvLSTM3D",)


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Name the class of the companion module."""
    if layer.class_name not in CLASSES:
        return None
    call = layer.calls[0]
    if len(call.needs) > 1:
        what = "a mask" if any(tensors(call.kwargs.get("mask"))) else "initial states"
        return not_supported(layer, f"called with {what}")
    # It reads no mask that tfjs hands on.
    kwargs = {name: value for name, value in call.kwargs.items() if name != "mask"}
    calls = (Call(call.args, kwargs),)
    return Rewrite(replace(layer, class_name=companion.CONV_LSTM, calls=calls))
