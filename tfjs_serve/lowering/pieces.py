"""Operations that join, split, turn or pick parts of tensors, by simpler ones that do."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from tfjs_serve.graph import Slice, TensorRef, Value
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.asked import WHOLE, Asked, Compose
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import axes_of, axis_of, constant_array, is_integer


def _joined(axis: int) -> Compose:
    """Return a join along a fixed axis; what has too few axes gets one more at the end."""

    def composed(to: Composer, asked: Asked) -> TensorRef:
        is_short = len(asked.shape) <= axis
        return to.op("Stack" if is_short else "Concatenate", *asked.args, axis=axis)

    return composed


def _append(to: Composer, asked: Asked) -> TensorRef | None:
    axis = axis_of(asked.fields.get("axis"), len(asked.shape))
    return to.op("Concatenate", asked.args, axis=axis) if len(asked.args) == 2 else None


def _flipped(axis: int) -> Compose:
    return lambda to, asked: to.op("Flip", asked.x, axis=axis)


def _turned(to: Composer, asked: Asked) -> TensorRef:
    """Return a tensor turned by quarters of a circle, from the first axis to the second."""
    one, other = axes_of(asked.fields.get("axes", [0, 1]), len(asked.shape))
    quarters = asked.fields.get("k", 1) % 4
    if quarters == 2 and asked.size(one) != asked.size(other):
        # That of tensorflow reads rows of one length as rows of the other (backend/tensorflow/
        # numpy.py, rot90), those of other backends do not.
        raise ShapeError("turns half a circle, which is another on every backend of Keras")
    if quarters == 2:
        return to.op("Flip", asked.x, axis=[one, other])
    x = asked.x
    if quarters == 1:
        x = to.op("Flip", x, axis=other)
    if quarters:
        x = to.op("Swapaxes", x, axis1=one, axis2=other)
    return to.op("Flip", x, axis=other) if quarters == 3 else to.op("Identity", x)


def _split(fixed_axis: int | None) -> Compose:
    """Return pieces of an axis, the first ones longer by one where it does not come out even."""

    def composed(to: Composer, asked: Asked) -> tuple[TensorRef, ...]:
        given = fixed_axis if fixed_axis is not None else asked.fields.get("axis", 0)
        axis = axis_of(given, len(asked.shape))
        ends, size = asked.fields.get("indices_or_sections"), asked.size(axis)
        if is_integer(ends) and 0 < ends <= size:
            short, longer = divmod(size, ends)
            ends = [short * count + min(count, longer) for count in range(1, ends)]
        elif is_integer(ends) or not isinstance(ends, list | tuple):
            raise ShapeError(f"splits an axis of {size} by {ends!r}")
        pieces = to.op("Split", asked.x, indices_or_sections=ends, axis=axis)
        return tuple(TensorRef(pieces.layer, 0, index) for index in range(len(ends) + 1))

    return composed


def _diagonal(to: Composer, asked: Asked) -> TensorRef:
    """Return the elements where the places on two axes differ by an offset, as a last axis."""
    fields, rank = asked.fields, len(asked.shape)
    one, other = axes_of([fields.get("axis1", 0), fields.get("axis2", 1)], rank)
    rows, columns, offset = asked.size(one), asked.size(other), fields.get("offset", 0)
    rest = [axis for axis in range(rank) if axis not in (one, other)]
    turned = to.op("Transpose", asked.x, axes=[*rest, one, other])
    lengths = [asked.size(axis) for axis in rest[1:]]
    flat = to.op("Reshape", turned, newshape=[None, *lengths, rows * columns])
    places = [row * columns + row + offset for row in range(rows) if 0 <= row + offset < columns]
    if not places:
        raise ShapeError(f"takes the diagonal {offset} of {rows} by {columns}")
    return to.op("Take", flat, tuple(places), axis=-1)


def _trace(to: Composer, asked: Asked) -> TensorRef:
    return to.op("Sum", _diagonal(to, asked), axis=-1)


def _slice(to: Composer, asked: Asked) -> TensorRef:
    """Return so many elements of each axis from a place on, all of the rest for -1."""
    begin, size = asked.fields.get("begin"), asked.fields.get("size")
    if not isinstance(begin, tuple) or not isinstance(size, tuple) or len(begin) != len(size):
        raise ShapeError(f"slices {size!r} from {begin!r}")
    if not all(is_integer(item) for item in (*begin, *size)):
        raise ShapeError(f"slices {size!r} from {begin!r}")
    key: tuple[Value, ...] = tuple(
        Slice(first or None, None if count == -1 else first + count)
        for first, count in zip(begin, size, strict=True)
    )
    return to.op("GetItem", asked.x, key)


def _one_hot(to: Composer, asked: Asked) -> TensorRef:
    """Return 1 where a place on a new axis is the number, 0 elsewhere; x is compared with all."""
    count, rank = asked.fields.get("num_classes"), len(asked.shape)
    if not is_integer(count) or count < 1 or asked.fields.get("sparse"):
        raise ShapeError(f"encodes {count!r} classes")
    axis = axis_of(asked.fields.get("axis", -1), rank + 1)
    # Keras 3 casts numbers to integers, TensorFlow takes nothing else.
    x = asked.x if asked.fields.get(WHOLE) else to.op("Cast", asked.x, dtype="int32")
    column = to.op("ExpandDims", x, axis=-1)
    row = to.op("Matmul", column, ((1.0,) * count,))
    made = to.op("Equal", row, tuple(float(place) for place in range(count)))
    made = made if axis == rank else to.op("Moveaxis", made, source=rank, destination=axis)
    return _valued(to, asked, made)


def _valued(to: Composer, asked: Asked, hot: TensorRef) -> TensorRef:
    """Return other numbers for 1 and 0 where TensorFlow is asked for them."""
    values = [asked.fields.get(key) for key in ("on_value", "off_value")]
    if values == [None, None]:
        return hot
    if not all(value is None or is_number(value) for value in values):
        raise ShapeError(f"encodes by {values[0]!r} and {values[1]!r}")
    if asked.fields.get("dtype") is None and any(isinstance(value, int) for value in values):
        raise ShapeError(f"encodes by integers ({values[0]!r}, {values[1]!r})")
    on, off = 1 if values[0] is None else values[0], 0 if values[1] is None else values[1]
    return to.op("Add", to.op("Multiply", hot, float(on - off)), float(off))


def _by_matrix(to: Composer, asked: Asked) -> TensorRef | None:
    """Return a product along the last axis of x and the first one of a constant matrix."""
    x, matrix = asked.args if len(asked.args) == 2 else (None, None)
    array = None if isinstance(matrix, TensorRef) else constant_array(matrix)
    if not isinstance(x, TensorRef) or array is None or array.ndim != 2:
        return None
    last = len(asked.shape) - 1
    axes = [_leaf(axis) for axis in _pair(asked.fields.get("axes", 1))]
    if axes not in ([1], [last, 0], [-1, 0], [last, -2], [-1, -2]):
        raise ShapeError(f"multiplies by a constant over axes {asked.fields['axes']!r}")
    return to.op("Matmul", x, matrix)


def _pair(axes: object) -> list[object]:
    return list(axes) if isinstance(axes, list | tuple) else [axes]


def _leaf(axes: object) -> object:
    """Return the only one of some axes, or what is no list of one."""
    return axes[0] if isinstance(axes, list | tuple) and len(axes) == 1 else axes


PIECES: Mapping[str, Compose] = MappingProxyType(
    {
        **{"Hstack": _joined(1), "Dstack": _joined(2), "Append": _append},
        **{"Fliplr": _flipped(1), "Flipud": _flipped(0), "Rot90": _turned},
        **{"ArraySplit": _split(None), "Hsplit": _split(1), "Dsplit": _split(2)},
        **{"Vsplit": _split(0), "Vstack": _joined(0), "Diagonal": _diagonal, "Trace": _trace},
        **{"Slice": _slice, "OneHot": _one_hot, "Dot": _by_matrix, "Tensordot": _by_matrix},
    }
)
"""Operation -> how it is put together of others."""
