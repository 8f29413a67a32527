"""Operations that put the elements of an axis in order, by Sort and Argsort of the last axis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tfjs_serve.graph import Slice, TensorRef, Value
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.asked import Asked, Compose
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import axis_of, is_integer


def _ordered(name: str) -> Compose:
    """Return a Sort or an Argsort upwards along the last axis, for any axis and direction."""

    def composed(to: Composer, asked: Asked) -> TensorRef | None:
        axis, last = asked.axis(), len(asked.shape) - 1
        is_falling = asked.fields.get("direction", "ASCENDING") != "ASCENDING"
        if axis == last and not is_falling:
            return None
        x = asked.x
        if axis != last:
            x = to.op("Swapaxes", x, axis1=axis, axis2=last)
        if is_falling:
            x = to.op("Negative", x)
        made = to.op(name, x, axis=last)
        if is_falling and name == "Sort":
            made = to.op("Negative", made)
        return made if axis == last else to.op("Swapaxes", made, axis1=axis, axis2=last)

    return composed


def _top(to: Composer, asked: Asked) -> tuple[TensorRef, ...]:
    k, size = asked.fields.get("k"), asked.size(len(asked.shape) - 1)
    if not is_integer(k) or not 0 < k <= size:
        raise ShapeError(f"takes the {k!r} largest of {size}")
    if asked.fields.get("sorted", True) is not True:
        raise ShapeError("returns the largest in no order that Keras promises (sorted = False)")
    first = (..., Slice(None, k))
    values, indices = (
        to.op(name, asked.x, axis=-1, direction="DESCENDING") for name in ("Sort", "Argsort")
    )
    return to.op("GetItem", values, first), to.op("GetItem", indices, first)


def _quantile(to: Composer, asked: Asked, share: Any) -> TensorRef:
    """Return what a share of the elements lies below, between two of them in proportion."""
    axis = axis_of(asked.fields.get("axis"), len(asked.shape))
    if not is_number(share) or not 0 <= share <= 1:
        raise ShapeError(f"takes the quantile {share!r}")
    if asked.fields.get("method", "linear") != "linear":
        raise ShapeError(f"takes a quantile by method {asked.fields['method']!r}")
    place = share * (asked.size(axis) - 1)
    low, rest = math.floor(place), place - math.floor(place)
    rising = to.op("Sort", asked.x, axis=axis)

    def element(index: int) -> TensorRef:
        ahead: tuple[Value, ...] = (Slice(),) * axis
        return to.op("GetItem", rising, (*ahead, Slice(index, index + 1)))

    made = element(low)
    if rest:
        above = to.op("Multiply", element(low + 1), rest)
        made = to.op("Add", to.op("Multiply", made, 1 - rest), above)
    return made if asked.fields.get("keepdims") else to.op("Squeeze", made, axis=axis)


def _median(to: Composer, asked: Asked) -> TensorRef:
    return _quantile(to, asked, 0.5)


def _given_quantile(scale: float) -> Compose:
    def composed(to: Composer, asked: Asked) -> TensorRef:
        share: Any = asked.args[1] if len(asked.args) == 2 else None
        return _quantile(to, asked, share / scale if is_number(share) else share)

    return composed


def _sparsemax(to: Composer, asked: Asked) -> TensorRef:
    """Return max(x - t, 0), with the t of Keras (keras/src/backend/tensorflow/nn.py, sparsemax).

    It adds up the sums of the 1, 2, 3, ... greatest, where the definition takes the last of them.
    """
    axis = asked.axis()
    over = {"axis": axis, "keepdims": True}
    falling = to.op("Sort", asked.x, axis=axis, direction="DESCENDING")
    sums = to.op("Cumsum", falling, axis=axis)
    counts = _counts(asked.size(axis), len(asked.shape) - 1 - axis)
    means = to.op("Quotient", to.op("Subtract", sums, 1.0), counts)
    counted = to.op("Greater", falling, means)
    total = to.op("Subtract", to.op("Sum", to.op("Multiply", counted, sums), **over), 1.0)
    bound = to.op("Quotient", total, to.op("Sum", counted, **over))
    return to.op("Relu", to.op("Subtract", asked.x, bound))


def _counts(size: int, axes: int) -> Value:
    """Return 1, 2, 3, ... along an axis with so many behind it."""

    def row(value: Value, depth: int) -> Value:
        return value if depth == 0 else (row(value, depth - 1),)

    return tuple(row(float(count), axes) for count in range(1, size + 1))


def _take(to: Composer, asked: Asked) -> TensorRef | None:
    if len(asked.args) < 2 or not isinstance(asked.args[1], TensorRef):
        return None
    axis, ahead = asked.axis(None), asked.fields.get("batch_dims") or 0
    if ahead == 0:
        raise ShapeError("takes the places of every sample from every sample (batch_dims = 0)")
    if ahead != axis:
        raise ShapeError(f"takes along axis {axis} by batch_dims = {ahead!r} (expected {axis})")
    return to.op("Gather", asked.x, asked.args[1], axis=axis)


def _take_along(to: Composer, asked: Asked) -> TensorRef | None:
    if len(asked.args) != 2 or not isinstance(asked.args[1], TensorRef):
        return None
    axis, last = asked.axis(), len(asked.shape) - 1
    if len({(*shape[:axis], *shape[axis + 1 :]) for shape in asked.shapes}) > 1:
        raise ShapeError(f"takes by indices of another shape, {asked.shapes[-1]}")
    below = to.op("Less", asked.args[1], 0)
    places = to.op("Add", asked.args[1], to.op("Multiply", below, asked.size(axis)))
    if axis == last:
        return to.op("Gather", asked.x, places, axis=last)
    turned = (to.op("Swapaxes", ref, axis1=axis, axis2=last) for ref in (asked.x, places))
    made = to.op("Gather", *turned, axis=last)
    return to.op("Swapaxes", made, axis1=axis, axis2=last)


ORDERING: Mapping[str, Compose] = MappingProxyType(
    {
        **{"Sort": _ordered("Sort"), "Argsort": _ordered("Argsort"), "TopK": _top},
        **{"Median": _median, "Quantile": _given_quantile(1), "Percentile": _given_quantile(100)},
        **{"Sparsemax": _sparsemax, "Take": _take, "TakeAlongAxis": _take_along},
    }
)
"""Operation -> how it is put together of others."""
