"""A ConvLSTM that goes backwards goes forwards over reversed steps.

Before: ConvLSTM2D {"go_backwards": true} on [null, 3, H, W, C]
After:  Permute, Dense with the steps in reverse as its kernel, Permute, ConvLSTM2D

The webgl backend of tfjs cannot reverse a tensor of rank 5. What comes out stays in the order of
the steps as they are taken (keras/src/layers/rnn/rnn.py).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering.chains import chain, linear_maps
from tfjs_serve.rewriting.rule import (
    Context,
    Lowering,
    Refusal,
    Rewrite,
    not_supported,
    with_fields,
)

CLASSES = ("ConvLSTM1D", "ConvLSTM2D")


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Reverse the steps ahead of the layer."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or layer.config.get("go_backwards") is not True:
        return None
    if shape is None or layer.calls[0].kwargs.get("mask") is not None:
        return None
    steps = shape[1]
    if steps is None:
        return not_supported(layer, f"go_backwards = True over unknown steps, got {shape}")
    forwards = with_fields(layer, {"go_backwards": False})
    if steps == 1:
        return Rewrite(forwards)
    matrix = np.eye(steps, dtype=np.float32)[::-1]
    reversal = chain(*linear_maps(layer, len(shape), {1: matrix}))
    call = Call(reversal.outputs, layer.calls[0].kwargs)
    count = 3 if layer.config.get("return_state") else 1
    outputs = tuple(TensorRef(layer.name, 0, index) for index in range(count))
    return Lowering((*reversal.layers, replace(forwards, calls=(call,))), outputs)
