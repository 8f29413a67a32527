"""Axes are written the way TensorFlow.js takes them: counted from the front, one or a list.

Before: Concatenate {"axis": -1} on rank 4, BatchNormalization {"axis": [3]}
After:  Concatenate {"axis": 3},            BatchNormalization {"axis": 3}

tfjs turns a negative axis of Concatenate into -1 (backend/tfjs_backend.ts 291) and takes no list
for BatchNormalization (layers/normalization.ts).
"""

from __future__ import annotations

from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

AXIS_FIELDS = {
    "BatchNormalization": "axis",
    "LayerNormalization": "axis",
    "Concatenate": "axis",
    "Dot": "axes",
    "Softmax": "axis",
}
SINGLE = ("BatchNormalization", "Concatenate", "Softmax")


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Count the axes of a layer from the front of its first input."""
    name = AXIS_FIELDS.get(layer.class_name)
    if name is None or name not in layer.config or context.rank is None:
        return None
    value = layer.config[name]
    is_list = isinstance(value, list | tuple)
    axes = list(value) if is_list else [value]
    if not all(isinstance(axis, int) for axis in axes):
        return None
    if layer.class_name == "Dot":
        # One axis stands for the same one of both inputs, whose ranks may differ.
        axes = axes * 2 if len(axes) == 1 else axes
        ranks = [context.rank if shape is None else len(shape) for shape in context.shapes]
    else:
        ranks = [context.rank] * len(axes)
    counted: Any = [
        axis + rank if axis < 0 else axis for axis, rank in zip(axes, ranks, strict=False)
    ]
    if len(counted) == 1 and (layer.class_name in SINGLE or not is_list):
        counted = counted[0]
    return None if counted == value else Rewrite(with_fields(layer, {name: counted}))
