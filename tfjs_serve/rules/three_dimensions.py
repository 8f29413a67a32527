"""Layers of three spatial axes become two of two axes, where tfjs has no right one.

Before: MaxPooling3D {"pool_size": [2, 3, 4]} on [null, D, H, W, C]
After:  MaxPooling2D {"pool_size": [2, 3]} on [D, H, W * C], then
        MaxPooling2D {"pool_size": [1, 4]} on [D * H, W, C]

tfjs has no UpSampling3D, ZeroPadding3D or Cropping3D, and its wasm backend computes
MaxPooling3D wrongly.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = {
    "MaxPooling3D": "MaxPooling2D",
    "UpSampling3D": "UpSampling2D",
    "ZeroPadding3D": "ZeroPadding2D",
    "Cropping3D": "Cropping2D",
}
PER_AXIS = {"pool_size": 1, "strides": 1, "size": 1, "padding": (0, 0), "cropping": (0, 0)}
"""Fields with a value for each axis, and the value for an axis that stays as it is."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Work on the first two axes, then on the third."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None or len(shape) != 5:
        return None
    sketch = Sketch(layer, context)
    class_name = CLASSES[layer.class_name]
    _, depth, height, width, channels = shape
    flat = _reshape(sketch, sketch.input(), depth, height, _product(width, channels))
    flat = sketch.add(class_name, _fields(layer, (0, 1)), flat)
    _, depth, height, _ = sketch.shape(flat)
    line = _reshape(sketch, flat, _product(depth, height), width, channels)
    line = sketch.add(class_name, _fields(layer, (None, 2)), line)
    width = sketch.shape(line)[2]
    last = {"target_shape": _target(depth, height, width, channels)}
    return sketch.done(sketch.add("Reshape", last, line, name=layer.name))


def _fields(layer: Layer, axes: Sequence[int | None]) -> Mapping[str, Any]:
    """Return the config for two of the axes; None is an axis that stays as it is."""
    fields = dict(layer.config)
    if layer.class_name == "MaxPooling3D":
        fields["pool_size"] = fields.get("pool_size", 2)
        fields["strides"] = fields.get("strides") or fields["pool_size"]
    for name, unchanged in PER_AXIS.items():
        value = fields.get(name)
        if value is None or isinstance(value, str):
            continue
        every = value if isinstance(value, list | tuple) else [value] * 3
        fields[name] = [unchanged if axis is None else every[axis] for axis in axes]
        if isinstance(unchanged, tuple):
            fields[name] = [_pair(item) for item in fields[name]]
    return fields


def _pair(value: Any) -> list[int]:
    return [value, value] if isinstance(value, int) else list(value)


def _reshape(sketch: Sketch, tensor: TensorRef, *lengths: int | None) -> TensorRef:
    return sketch.add("Reshape", {"target_shape": _target(*lengths)}, tensor)


def _target(*lengths: int | None) -> list[int]:
    if lengths.count(None) > 1:
        raise ShapeError(f"needs all lengths but one, got {lengths}")
    return [-1 if length is None else length for length in lengths]


def _product(*lengths: int | None) -> int | None:
    return None if None in lengths else math.prod(length or 0 for length in lengths)
