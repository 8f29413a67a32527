"""Slices, pieces and reversed axes become croppings and constant matrices.

Before: keras.ops.GetItem (x, [:, 1:3]), keras.ops.Split {"axis": 2} (x), keras.ops.Flip (x)
After:  Reshape, Cropping2D, Reshape; a frozen Dense of zeros and ones where a step is not 1

A step takes every element of an axis through a matrix product, which is exact for finite input. Of
an axis of unknown length one element is a product with a row of zeros and a one, which a Conv1D
finds at the ends of the axis; it may also lose elements at its ends, or be reversed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfjs_serve.graph import Layer, Shape, Slice, TensorRef, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import open_axes, tensor_parts
from tfjs_serve.lowering.operands import (
    axes_of,
    axis_of,
    is_integer,
    known_shape,
    only_tensor,
    operands,
    operation,
)
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Cut a tensor along its axes."""
    name, args = operation(layer), operands(layer)
    if name == "GetItem" and args is not None and len(args) == 2:
        return _item(layer, context, args[1]) if isinstance(args[0], TensorRef) else None
    if name not in ("Split", "Unstack", "Flip") or only_tensor(layer) is None:
        return None
    shape = known_shape(context.shapes[0])
    sketch = Sketch(layer, context)
    if name == "Flip":
        x = sketch.input()
        for axis in axes_of(layer.config.get("axis"), len(shape)):
            x = _cut(sketch, x, axis, Slice(None, None, -1))
        return sketch.done(tensor_parts.reshaped(sketch, x, shape[1:], layer.name))
    default = -1 if name == "Split" else 0
    axis = axis_of(layer.config.get("axis", default), len(shape))
    size = _size(shape, axis)
    ends = list(range(1, size)) if name == "Unstack" else _ends(layer, size)
    pieces: list[TensorRef] = []
    for start, stop in zip([0, *ends], [*ends, size], strict=True):
        piece = tensor_parts.sliced(sketch, sketch.input(), axis, start, stop)
        own = sketch.shape(piece)[1:]
        target = (*own[: axis - 1], *own[axis:]) if name == "Unstack" else own
        made = tensor_parts.reshaped(sketch, piece, target, f"{layer.name}__piece_{len(pieces)}")
        pieces.append(made)
    return sketch.done(*pieces)


def picked(sketch: Sketch, x: TensorRef, axis: int, places: range) -> TensorRef:
    """Return the elements of an axis at these places, in their order."""
    size = _size(sketch.shape(x), axis)
    if not places:
        raise ShapeError(f"leaves nothing of axis {axis} of {sketch.shape(x)}")
    if places.step == 1 or len(places) == 1:
        return tensor_parts.sliced(sketch, x, axis, places[0], places[-1] + 1)
    matrix = np.zeros((size, len(places)), np.float32)
    matrix[list(places), range(len(places))] = 1
    return tensor_parts.linear_map(sketch, x, axis, matrix)


def _cut(sketch: Sketch, x: TensorRef, axis: int, item: Value) -> TensorRef:
    """Return what an item of a key takes of an axis."""
    size = sketch.shape(x)[axis]
    if size is not None:
        return picked(sketch, x, axis, _places(item, size))
    if is_integer(item):
        return open_axes.element(sketch, x, axis, item)
    if item in (Slice(None, 1), Slice(0, 1), Slice(None, 1, 1), Slice(0, 1, 1)):
        return open_axes.element(sketch, x, axis, 0)
    if item in (Slice(-1), Slice(-1, None, 1)):
        return open_axes.element(sketch, x, axis, -1)
    if item == Slice(None, None, -1):
        return open_axes.along(sketch, x, axis, "flip")
    start, stop, step = (item.start, item.stop, item.step) if isinstance(item, Slice) else (0, 0, 0)
    first, last = start or 0, stop or 0
    is_crop = step in (None, 1) and is_integer(first) and is_integer(last) and stop != 0
    if not is_crop or first < 0 or last > 0:  # type: ignore[operator]
        raise ShapeError(f"takes {item!r} of axis {axis} of unknown length, got {sketch.shape(x)}")
    return open_axes.cropped(sketch, x, axis, first, -last)  # type: ignore[arg-type, operator]


def _size(shape: Shape, axis: int) -> int:
    size = shape[axis]
    if size is None:
        raise ShapeError(f"needs a known length of axis {axis}, got {shape}")
    return size


def _ends(layer: Layer, size: int) -> list[int]:
    value = layer.config.get("indices_or_sections")
    if is_integer(value) and value > 0 and size % value == 0:
        return list(range(size // value, size, size // value))
    if not isinstance(value, list | tuple) or not all(is_integer(item) for item in value):
        raise ShapeError(f"splits an axis of {size} by {value!r}")
    if not all(a < b for a, b in zip([0, *value], [*value, size], strict=True)):
        raise ShapeError(f"splits an axis of {size} at {value!r}")
    return list(value)


def _item(layer: Layer, context: Context, key: Value) -> Lowering:
    """Return x[key], axis by axis."""
    shape = known_shape(context.shapes[0])
    sketch = Sketch(layer, context)
    x = sketch.input()
    target: list[int | None] = []
    axis = 0
    for item in _full(key if isinstance(key, tuple) else (key,), len(shape)):
        if item is None:
            target.append(1)
            continue
        if axis == 0:
            if item not in (Slice(), Slice(0), Slice(0, None, 1), Slice(None, None, 1)):
                raise ShapeError("takes a part of the batch")
        elif not _is_whole(item):
            x = _cut(sketch, x, axis, item)
        if not is_integer(item):
            target.append(sketch.shape(x)[axis])
        axis += 1
    if _full(key if isinstance(key, tuple) else (key,), len(shape))[0] is None:
        raise ShapeError("puts an axis before the batch")
    return sketch.done(tensor_parts.reshaped(sketch, x, tuple(target[1:]), layer.name))


def _full(key: tuple[Value, ...], rank: int) -> list[Value]:
    """Return a key with one item for each axis, and None for each new one."""
    used = sum(item is not None and item is not ... for item in key)
    rest: list[Value] = [Slice()] * (rank - used)
    if used > rank or sum(item is ... for item in key) > 1:
        raise ShapeError(f"takes {key!r} of rank {rank}")
    if ... not in key:
        return [*key, *rest]
    place = next(index for index, item in enumerate(key) if item is ...)
    return [*key[:place], *rest, *key[place + 1 :]]


def _is_whole(item: Value) -> bool:
    return isinstance(item, Slice) and item in (Slice(), Slice(0), Slice(None, None, 1))


def _places(item: Any, size: int) -> range:
    if is_integer(item):
        if not -size <= item < size:
            raise ShapeError(f"takes element {item} of an axis of {size}")
        return range(item % size, item % size + 1)
    parts = (item.start, item.stop, item.step) if isinstance(item, Slice) else (item,)
    if not isinstance(item, Slice) or not all(p is None or is_integer(p) for p in parts):
        raise ShapeError(f"takes {item!r} of an axis")
    return range(size)[slice(*parts)]
