"""Layers that make one tensor of several."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.spec import Config, Field, LayerSpec, Shape, ShapeError

_SOURCE = "layers/merge.ts"
_SEVERAL = (2, sys.maxsize)


def _elementwise(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    _need_several(shapes)
    merged = shapes[0][1:]
    for shape in shapes[1:]:
        merged = broadcast(merged, shape[1:])
    return ((_batch(shapes), *merged),)


def broadcast(one: Shape, other: Shape) -> Shape:
    """Return the shape of two tensors merged; axes are matched from the end."""
    if len(one) < len(other):
        one, other = other, one
    extra = len(one) - len(other)
    lengths: list[int | None] = list(one[:extra])
    for left, right in zip(one[extra:], other, strict=True):
        if left is None or right is None:
            lengths.append(None)
        elif left != right and 1 not in (left, right):
            raise ShapeError(f"cannot merge shapes {one} and {other}, batch axes aside")
        else:
            lengths.append(right if left == 1 else left)
    return tuple(lengths)


def _batch(shapes: Sequence[Shape]) -> int | None:
    sizes = {shape[0] for shape in shapes if shape[0] is not None}
    if len(sizes) > 1:
        raise ShapeError(f"cannot merge batches of sizes {sorted(sizes)}")
    return sizes.pop() if sizes else None


def _need_several(shapes: Sequence[Shape]) -> None:
    if len(shapes) < 2:
        raise ShapeError(f"takes two or more inputs, got {len(shapes)}")


def _concatenate(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    _need_several(shapes)
    first = shapes[0]
    axis = len(first) - 1 if config["axis"] == -1 else config["axis"]
    if axis >= len(first):
        raise ShapeError(f"cannot join axis {axis} of input {first}")
    # tfjs compares without mercy: an unknown length differs from a known one.
    if len({(*shape[:axis], None, *shape[axis + 1 :]) for shape in shapes}) > 1 or (
        len({len(shape) for shape in shapes}) > 1
    ):
        found = ", ".join(map(str, shapes))
        raise ShapeError(f"needs inputs that differ in axis {axis} alone, got {found}")
    lengths = [shape[axis] for shape in shapes]
    joined = None if None in lengths else sum(length or 0 for length in lengths)
    return ((*first[:axis], joined, *first[axis + 1 :]),)


def _dot(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    if len(shapes) != 2:
        raise ShapeError(f"takes two inputs, got {len(shapes)}")
    for shape in shapes:
        if len(shape) not in (2, 3):
            raise ShapeError(f"needs inputs of rank 2 or 3 with the batch axis, got {shape}")
    axes = _dot_axes(config["axes"], shapes)
    left, right = shapes
    if left[axes[0]] != right[axes[1]]:
        raise ShapeError(f"cannot multiply {left} and {right} along axes {axes}")
    kept = tuple(length for axis, length in enumerate(left) if axis != axes[0])
    added = tuple(length for axis, length in enumerate(right) if axis not in (0, axes[1]))
    merged = (*kept, *added)
    return (merged if len(merged) > 1 else (*merged, 1),)


def _dot_axes(value: Any, shapes: Sequence[Shape]) -> tuple[int, int]:
    one, other = (value, value) if isinstance(value, int) else value
    axes = (_index(one, shapes[0]), _index(other, shapes[1]))
    for axis, shape in zip(axes, shapes, strict=True):
        if not 0 < axis < len(shape):
            raise ShapeError(f"cannot multiply along axis {axis} of input {shape}")
    return axes


def _index(axis: int, shape: Shape) -> int:
    return axis + len(shape) if axis < 0 else axis


def _is_dot_axes(value: Any) -> bool:
    # In a list tfjs compares shapes before it has counted negative axes from the end.
    return (fields.is_integer(value) and value != 0) or fields.is_sequence(
        value, fields.is_positive, 2
    )


def _is_join_axis(value: Any) -> bool:
    # Every negative axis becomes the last one (backend/tfjs_backend.ts, concatenate).
    return fields.is_positive(value) or (fields.is_integer(value) and value == -1)


_ELEMENTWISE = LayerSpec(source=_SOURCE, fields={}, output_shapes=_elementwise, inputs=_SEVERAL)

LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "Add": _ELEMENTWISE,
        "Multiply": _ELEMENTWISE,
        "Average": _ELEMENTWISE,
        "Maximum": _ELEMENTWISE,
        "Minimum": _ELEMENTWISE,
        "Concatenate": LayerSpec(
            source=_SOURCE,
            fields={"axis": Field(_is_join_axis, "-1 or a whole number above 0", -1)},
            output_shapes=_concatenate,
            inputs=_SEVERAL,
        ),
        "Dot": LayerSpec(
            source=_SOURCE,
            fields={
                "axes": Field(_is_dot_axes, "a whole number but 0, or a list of 2 above 0"),
                # tfjs takes no vector for shorter than 3.2e-4, where Keras goes down to 1e-6 or
                # 1e-7 (losses.ts, l2Normalize): only shorter ones, but zero, come out differently.
                "normalize": fields.flag(False),
            },
            output_shapes=_dot,
            inputs=(2, 2),
        ),
    }
)
