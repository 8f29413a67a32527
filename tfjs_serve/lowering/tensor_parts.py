"""What the lowerings of operations are built of: cuts, padding, reductions and linear maps.

Every function adds layers to a sketch and returns the tensor they make, or the given one when
there is nothing to do and no name to give; axes count the batch axis as 0, which none touches.
Smaller parts come from `toolbox`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfjs_serve.graph import Shape, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import open_axes
from tfjs_serve.lowering.toolbox import activated, constant, length, scaled
from tfjs_serve.rewriting.sketch import Sketch

__all__ = [
    "activated",
    "constant",
    "length",
    "linear_map",
    "padded",
    "permuted",
    "reduced",
    "reshaped",
    "scaled",
    "sliced",
    "stretched",
]


def reshaped(sketch: Sketch, x: TensorRef, target: Shape, name: str | None = None) -> TensorRef:
    """Return x with other axes behind the batch axis; one of them may have no known length."""
    if sketch.shape(x)[1:] == tuple(target) and name is None:
        return x
    if list(target).count(None) > 1:
        if sketch.shape(x)[1:] == tuple(target):
            return activated(sketch, x, "linear", name)
        raise ShapeError(f"needs at most one axis of unknown length, got {target}")
    held, wanted = length(sketch.shape(x)[1:]), length(target)
    if held is not None and None in target:
        rest = math.prod(size for size in target if size is not None)
        if held % rest:
            raise ShapeError(f"cannot reshape {sketch.shape(x)[1:]} to {tuple(target)}")
        target = tuple(held // rest if size is None else size for size in target)
    elif held != wanted:
        raise ShapeError(f"cannot reshape {sketch.shape(x)[1:]} to {tuple(target)}")
    sizes = [-1 if size is None else size for size in target]
    return sketch.add("Reshape", {"target_shape": sizes}, x, name=name)


def permuted(
    sketch: Sketch, x: TensorRef, axes: Sequence[int], name: str | None = None
) -> TensorRef:
    """Return x with its axes in another order; `axes` leaves out the batch axis."""
    if list(axes) == sorted(axes):
        return x if name is None else activated(sketch, x, "linear", name)
    return sketch.add("Permute", {"dims": list(axes)}, x, name=name)


def sliced(sketch: Sketch, x: TensorRef, axis: int, start: int, stop: int) -> TensorRef:
    """Return the elements `start` to `stop` (left out) of an axis whose length is known."""
    before, size, after = _around(sketch.shape(x), axis)
    if (start, stop) == (0, size):
        return x
    if length(before) is None:
        return _axis_first(sketch, x, axis, lambda first: sliced(sketch, first, 1, start, stop))
    flat = reshaped(sketch, x, (length(before), size, length(after)))
    cropping = {"cropping": [[0, 0], [start, size - stop]], "data_format": "channels_last"}
    kept = sketch.add("Cropping2D", cropping, flat)
    return reshaped(sketch, kept, (*before, stop - start, *after))


def padded(sketch: Sketch, x: TensorRef, axis: int, first: int, last: int) -> TensorRef:
    """Return x with so many zeros before and behind an axis."""
    shape = sketch.shape(x)
    before, size, after = shape[1:axis], shape[axis], shape[axis + 1 :]
    if first == last == 0:
        return x
    if length(before) is None:
        return _axis_first(sketch, x, axis, lambda ahead: padded(sketch, ahead, 1, first, last))
    flat = reshaped(sketch, x, (length(before), size, length(after)))
    padding = {"padding": [[0, 0], [first, last]], "data_format": "channels_last"}
    more = sketch.add("ZeroPadding2D", padding, flat)
    return reshaped(sketch, more, (*before, size and first + size + last, *after))


def linear_map(sketch: Sketch, x: TensorRef, axis: int, matrix: Any) -> TensorRef:
    """Return x with an axis of n elements mapped by a constant matrix [n, m]: a frozen Dense."""
    rank = len(sketch.shape(x))
    others = [index for index in range(1, rank) if index != axis]
    turned = permuted(sketch, x, [*others, axis])
    config = {"units": int(np.shape(matrix)[1]), "use_bias": False, "trainable": False}
    mapped = sketch.add("Dense", config, turned, weights=[constant("kernel", matrix)])
    return permuted(sketch, mapped, [*range(1, axis), rank - 1, *range(axis, rank - 1)])


def stretched(sketch: Sketch, x: TensorRef, constant: np.ndarray) -> TensorRef:
    """Return x repeated along its axes of one element where a constant has more of them."""
    shape = sketch.shape(x)
    for axis, size in zip(range(len(shape))[::-1], constant.shape[::-1], strict=False):
        if axis > 0 and shape[axis] == 1 and size > 1:
            x = linear_map(sketch, x, axis, np.ones((1, size), np.float32))
    return x


def reduced(
    sketch: Sketch, x: TensorRef, axes: Sequence[int], how: str, *, keepdims: bool = False
) -> TensorRef:
    """Return the `mean`, `sum`, `max` or `min` over some axes."""
    shape = sketch.shape(x)
    kept = [axis for axis in range(1, len(shape)) if axis not in axes]
    if how == "min":
        x = scaled(sketch, x, -1.0)
    count = length(tuple(shape[axis] for axis in axes))
    rest = length(tuple(shape[axis] for axis in kept))
    flat = reshaped(sketch, permuted(sketch, x, [*sorted(axes), *kept]), (count, rest))
    if how == "sum" and count is None:
        pooled = open_axes.total(sketch, flat)
    else:
        pooling = "GlobalAveragePooling1D" if how in ("mean", "sum") else "GlobalMaxPooling1D"
        pooled = sketch.add(pooling, {}, flat)
    if how == "min":
        pooled = scaled(sketch, pooled, -1.0)
    if how == "sum" and count is not None:
        pooled = scaled(sketch, pooled, float(count))
    left = tuple(
        1 if axis in axes else shape[axis]
        for axis in range(1, len(shape))
        if keepdims or axis in kept
    )
    return reshaped(sketch, pooled, left)


def _axis_first(
    sketch: Sketch, x: TensorRef, axis: int, work: Callable[[TensorRef], TensorRef]
) -> TensorRef:
    """Return what `work` makes of x with that axis first, the axes in their old order again.

    Axes ahead of unknown length become channels so: tfjs counts on with an unknown height.
    """
    order = [axis, *(index for index in range(1, len(sketch.shape(x))) if index != axis)]
    worked = work(permuted(sketch, x, order))
    return permuted(sketch, worked, [order.index(index) + 1 for index in range(1, len(order) + 1)])


def _around(shape: Shape, axis: int) -> tuple[Shape, int, Shape]:
    size = shape[axis]
    if size is None:
        raise ShapeError(f"needs a known length of axis {axis}, got {shape}")
    return shape[1:axis], size, shape[axis + 1 :]
