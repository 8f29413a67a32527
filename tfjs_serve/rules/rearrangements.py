"""Operations that pick, turn or mix elements of an axis become slices, or a constant matrix.

Before: keras.ops.Roll {"shift": 1, "axis": 1} (x), keras.ops.Cumsum {"axis": 1} (x)
After:  Concatenate of two slices,                  a frozen Dense of ones and zeros over the axis

An axis that is rearranged must have a known length, but for differences and, by the companion
module, cumulative sums. A matrix of zeros and ones picks finite
elements exactly; sums are rounded as any order of adding rounds them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import open_axes, tensor_parts
from tfjs_serve.lowering.operands import axes_of, axis_of, is_integer, operation, plain_number
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

Fields: TypeAlias = Mapping[str, Any]
Rearrange: TypeAlias = Callable[[Sketch, TensorRef, Fields], TensorRef]


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Rearrange a tensor."""
    rearrange = REARRANGEMENTS.get(operation(layer) or "")
    if rearrange is None:
        return None
    (call,) = layer.calls
    x, *rest = call.args
    if not isinstance(x, TensorRef) or len(call.inputs) > 1 or any(call.needs[1:]):
        return None
    fields = {**layer.config, **call.kwargs}
    if rest:
        fields["indices"] = rest[0]
    sketch = Sketch(layer, context)
    made = rearrange(sketch, sketch.input(), fields)
    return sketch.done(tensor_parts.reshaped(sketch, made, sketch.shape(made)[1:], layer.name))


def _size(sketch: Sketch, x: TensorRef, axis: int) -> int:
    size = sketch.shape(x)[axis]
    if size is None:
        raise ShapeError(f"needs a known length of axis {axis}, got {sketch.shape(x)}")
    return size


def _roll(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    axes = axes_of(fields.get("axis"), len(sketch.shape(x)))
    shift = fields.get("shift")
    shifts: list[Any] = list(shift) if isinstance(shift, list | tuple) else [shift] * len(axes)
    if len(shifts) != len(axes) or not all(map(is_integer, shifts)):
        raise ShapeError(f"rolls by {shift!r}")
    for axis, places in zip(axes, shifts, strict=True):
        size = _size(sketch, x, axis)
        at = -places % size
        if at:
            back = tensor_parts.sliced(sketch, x, axis, at, size)
            front = tensor_parts.sliced(sketch, x, axis, 0, at)
            x = sketch.add("Concatenate", {"axis": axis}, back, front)
    return x


def _take(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    axis = axis_of(fields.get("axis"), len(sketch.shape(x)))
    size, indices = _size(sketch, x, axis), fields.get("indices")
    if fields.get("batch_dims") not in (None, 0):
        raise ShapeError(f"takes by batch_dims = {fields['batch_dims']!r}")
    places: list[Any] = list(indices) if isinstance(indices, list | tuple) else [indices]
    if not places or not all(is_integer(i) and -size <= i < size for i in places):
        raise ShapeError(f"takes {indices!r} of an axis of {size}")
    if not isinstance(indices, list | tuple):
        one = tensor_parts.sliced(sketch, x, axis, places[0] % size, places[0] % size + 1)
        shape = sketch.shape(one)
        return tensor_parts.reshaped(sketch, one, (*shape[1:axis], *shape[axis + 1 :]))
    matrix = np.zeros((size, len(places)), np.float32)
    matrix[places, range(len(places))] = 1
    return tensor_parts.linear_map(sketch, x, axis, matrix)


def _cumsum(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    axis = axis_of(fields.get("axis"), len(sketch.shape(x)))
    if sketch.shape(x)[axis] is None and not fields.get("exclusive"):
        return _cumsum_of_unknown(sketch, x, axis, is_reverse=bool(fields.get("reverse")))
    size = _size(sketch, x, axis)
    until = np.triu(np.ones((size, size), np.float32), 1 if fields.get("exclusive") else 0)
    return tensor_parts.linear_map(sketch, x, axis, until.T if fields.get("reverse") else until)


def _cumsum_of_unknown(sketch: Sketch, x: TensorRef, axis: int, *, is_reverse: bool) -> TensorRef:
    names = ("flip", "cumsum", "flip") if is_reverse else ("cumsum",)
    for name in names:
        x = open_axes.along(sketch, x, axis, name)
    return x


def _diff(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    axis = axis_of(fields.get("axis", -1), len(sketch.shape(x)))
    for _ in range(fields.get("n", 1)):
        size = sketch.shape(x)[axis]
        if size is None:
            after = open_axes.cropped(sketch, x, axis, 1, 0)
            before = open_axes.cropped(sketch, x, axis, 0, 1)
        else:
            after = tensor_parts.sliced(sketch, x, axis, 1, size)
            before = tensor_parts.sliced(sketch, x, axis, 0, size - 1)
        x = sketch.add("Add", {}, after, tensor_parts.scaled(sketch, before, -1.0))
    return x


def _triangle(sketch: Sketch, x: TensorRef, fields: Fields, *, is_lower: bool) -> TensorRef:
    *_, rows, columns = sketch.shape(x)
    if len(sketch.shape(x)) < 3 or rows is None or columns is None:
        raise ShapeError(f"needs known lengths of both axes, got {sketch.shape(x)}")
    keep = (np.tril if is_lower else np.triu)(np.ones((rows, columns)), fields.get("k", 0))
    return tensor_parts.scaled(sketch, x, plain_number(keep))


def _lower(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    return _triangle(sketch, x, fields, is_lower=True)


def _upper(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    return _triangle(sketch, x, fields, is_lower=False)


CHANNELS_LAST = ("channels_last", "NHWC")
"""Keras's word for it, and TensorFlow's."""


def _block(sketch: Sketch, x: TensorRef, fields: Fields) -> tuple[int, int, int, int]:
    """Return the block size of two operations on images, with their height, width and depth."""
    shape, block = sketch.shape(x), fields.get("block_size")
    order = fields.get("data_format") or CHANNELS_LAST[0]
    if len(shape) != 4 or None in shape[1:]:
        raise ShapeError(f"needs images of known size, got {shape}")
    if order not in CHANNELS_LAST:
        raise ShapeError(f"works on data_format = {order!r} (expected {CHANNELS_LAST[0]!r})")
    if not is_integer(block) or block < 1:
        raise ShapeError(f"works on blocks of {block!r}")
    return block, *(size or 0 for size in shape[1:])  # type: ignore[return-value]


def _depth_to_space(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    block, height, width, depth = _block(sketch, x, fields)
    row = depth // block
    rows = tensor_parts.reshaped(sketch, x, (height, width, block, row))
    turned = tensor_parts.permuted(sketch, rows, [1, 3, 2, 4])
    return tensor_parts.reshaped(sketch, turned, (height * block, width * block, row // block))


def _space_to_depth(sketch: Sketch, x: TensorRef, fields: Fields) -> TensorRef:
    block, height, width, depth = _block(sketch, x, fields)
    rows = tensor_parts.reshaped(sketch, x, (height // block, block, width // block, block * depth))
    turned = tensor_parts.permuted(sketch, rows, [1, 3, 2, 4])
    return tensor_parts.reshaped(
        sketch, turned, (height // block, width // block, block * block * depth)
    )


REARRANGEMENTS: Mapping[str, Rearrange] = MappingProxyType(
    {
        **{"Roll": _roll, "Take": _take, "Cumsum": _cumsum, "Diff": _diff},
        **{"Tril": _lower, "Triu": _upper},
        **{"DepthToSpace": _depth_to_space, "SpaceToDepth": _space_to_depth},
    }
)
