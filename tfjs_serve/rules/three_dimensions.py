"""Layers of three spatial axes become two of two axes, where tfjs has no right one.

Before: MaxPooling3D {"pool_size": [2, 3, 4]} on [null, D, H, W, C]
After:  MaxPooling2D {"pool_size": [2, 3]} on [D, H, W * C], then
        MaxPooling2D {"pool_size": [1, 4]} on [D * H, W, C]

tfjs has no UpSampling3D, ZeroPadding3D or Cropping3D, and its wasm backend computes
MaxPooling3D wrongly. A Reshape leaves room for one unknown length: where more are unknown, the
layer of two axes is called on every step of the first axis, then, with axes changed, on every step
of the second. So is an AveragePooling3D that would pad an unknown axis by a negative number.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.shapes import per_axis
from tfjs_serve.lowering.chains import finished, permute, step
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = {
    "MaxPooling3D": "MaxPooling2D",
    "UpSampling3D": "UpSampling2D",
    "ZeroPadding3D": "ZeroPadding2D",
    "Cropping3D": "Cropping2D",
    "AveragePooling3D": "AveragePooling2D",
}
PER_AXIS = {"pool_size": 1, "strides": 1, "size": 1, "padding": (0, 0), "cropping": (0, 0)}
"""Fields with a value for each axis, and the value for an axis that stays as it is."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Work on the first two axes, then on the third."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None or len(shape) != 5:
        return None
    class_name = CLASSES[layer.class_name]
    _, depth, height, width, channels = shape
    if layer.class_name == "AveragePooling3D":
        return _by_steps(layer, class_name) if _is_cut(layer, shape) else None
    unknown = [(depth, height, _product(width, channels)), (_product(depth, height), width)]
    if any(lengths.count(None) > 1 for lengths in unknown):
        return _by_steps(layer, class_name)
    sketch = Sketch(layer, context)
    flat = _reshape(sketch, sketch.input(), depth, height, _product(width, channels))
    flat = sketch.add(class_name, _fields(layer, (0, 1)), flat)
    _, depth, height, _ = sketch.shape(flat)
    line = _reshape(sketch, flat, _product(depth, height), width, channels)
    line = sketch.add(class_name, _fields(layer, (None, 2)), line)
    width = sketch.shape(line)[2]
    last = {"target_shape": _target(depth, height, width, channels)}
    return sketch.done(sketch.add("Reshape", last, line, name=layer.name))


def _by_steps(layer: Layer, class_name: str) -> Lowering:
    """Work on height and width at every depth, then on the depth at every height."""

    def each(what: str, axes: Sequence[int | None]) -> Layer:
        plane = step(layer, f"{what}_plane", class_name, _fields(layer, axes))
        return replace(step(layer, what, "TimeDistributed", {}), parts={"layer": plane})

    return finished(
        layer,
        each("depths", (1, 2)),
        permute(layer, "turned", 2, 1, 3, 4),
        each("heights", (0, None)),
        permute(layer, "back", 2, 1, 3, 4),
    )


def _is_cut(layer: Layer, shape: Shape) -> bool:
    """Tell whether "same" may leave places of an unknown axis that no window reaches."""
    pool = {"pool_size": 2, "strides": None, **layer.config}
    if pool.get("padding") != "same" or pool["strides"] is None:
        return False
    sizes = zip(per_axis(pool, "pool_size", 3), per_axis(pool, "strides", 3), strict=True)
    pairs = zip(shape[1:4], sizes, strict=True)
    return any(length is None and window < stride for length, (window, stride) in pairs)


def _fields(layer: Layer, axes: Sequence[int | None]) -> Mapping[str, Any]:
    """Return the config for two of the axes; None is an axis that stays as it is."""
    fields = dict(layer.config)
    if layer.class_name in ("MaxPooling3D", "AveragePooling3D"):
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
    return [-1 if length is None else length for length in lengths]


def _product(*lengths: int | None) -> int | None:
    return None if None in lengths else math.prod(length or 0 for length in lengths)
