"""An Einsum of two operands becomes a matrix product between changes of shape.

Before: keras.ops.Einsum {"subscripts": "bihd,bjhd->bhij"} (x, y)
After:  keras.ops.Matmul of x as [b, h, i, d] and y as [b, h, d, j]

Letters of both operands that the result has, too, stand before the matrices, the others of both are
summed over. A letter of one operand alone that the result lacks is summed over first. Keras 2 loses
the operands of `tf.einsum` when it writes a file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tfjs_serve.graph import Layer, TensorRef, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import constant_array, known_shape, operands, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported


@dataclass(slots=True)
class _Operand:
    """A factor: its letters, the value they belong to, and the lengths of its axes."""

    letters: str
    value: Value | np.ndarray
    sizes: dict[str, int | None]


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write the sum as a product of matrices."""
    args = operands(layer)
    if operation(layer) != "Einsum" or args is None or len(args) != 2:
        return None
    written = str(layer.config.get("subscripts")).replace(" ", "")
    head, arrow, made = written.partition("->")
    letters = head.split(",")
    is_plain = arrow and len(letters) == 2 and all(map(str.isalpha, (*letters, made)))
    if not is_plain or any(len(set(part)) < len(part) for part in (*letters, made)):
        return not_supported(layer, f"subscripts = {written!r}")
    places = iter(range(len(layer.calls[0].inputs)))
    factors: list[_Operand] = []
    for part, value in zip(letters, args, strict=True):
        given: Value | np.ndarray | None = value
        if isinstance(value, TensorRef):
            shape = known_shape(context.shapes[next(places)])
        else:
            given = constant_array(value)
            if given is None:
                return None
            shape = given.shape
        if len(shape) != len(part):
            return not_supported(layer, f"subscripts = {written!r} for an operand of shape {shape}")
        factors.append(_Operand(part, given, dict(zip(part, shape, strict=True))))
    if not isinstance(factors[0].value, TensorRef):
        factors.reverse()
    one, other = factors
    return _product(Composer(layer), one, other, made, written)


def _product(to: Composer, one: _Operand, other: _Operand, made: str, written: str) -> Lowering:
    """Return the product; `other` may be constant."""
    batch = one.letters[0]
    is_constant = not isinstance(other.value, TensorRef)
    has_batch = made.startswith(batch) and (is_constant or other.letters.startswith(batch))
    if not has_batch or (is_constant and batch in other.letters):
        raise ShapeError(f"needs the batch axis first throughout, got {written!r}")
    for operand, rest in ((one, other), (other, one)):
        _sum_alone(to, operand, rest.letters + made)
    both = [letter for letter in one.letters if letter in other.letters and letter != batch]
    kept = [letter for letter in both if letter in made]
    summed = [letter for letter in both if letter not in made]
    rows = [letter for letter in one.letters[1:] if letter not in both]
    columns = [letter for letter in other.letters if letter not in (*both, batch)]
    sizes = {**one.sizes, **other.sizes}
    if is_constant and kept:
        raise ShapeError(f"multiplies by a constant that keeps axes, got {written!r}")
    left = _matrix(to, one, [*kept], rows, summed, batch)
    if is_constant:
        array = np.asarray(other.value)
        turned = [other.letters.index(letter) for letter in (*summed, *columns)]
        flat = array.transpose(turned).reshape(_count(summed, sizes), -1)
        product = to.op("Matmul", left, tuple(map(tuple, flat.tolist())))
    else:
        product = to.op("Matmul", left, _matrix(to, other, kept, summed, columns, batch))
    order = [batch, *kept, *rows, *columns]
    whole = to.op("Reshape", product, newshape=_lengths(order, sizes, batch))
    axes = [order.index(letter) for letter in made]
    return to.done(whole if axes == sorted(axes) else to.op("Transpose", whole, axes=axes))


def _sum_alone(to: Composer, operand: _Operand, needed: str) -> None:
    """Sum over the letters of an operand that nothing else has."""
    alone = [letter for letter in operand.letters if letter not in needed]
    if not alone:
        return
    axes = tuple(operand.letters.index(letter) for letter in alone)
    if isinstance(operand.value, TensorRef):
        operand.value = to.op("Sum", operand.value, axis=list(axes), keepdims=False)
    else:
        operand.value = np.asarray(operand.value).sum(axes)
    operand.letters = "".join(letter for letter in operand.letters if letter not in alone)


def _matrix(
    to: Composer,
    operand: _Operand,
    kept: list[str],
    rows: list[str],
    columns: list[str],
    batch: str,
) -> TensorRef:
    """Return a tensor as matrices: letters that stay, rows as one axis, columns as one axis."""
    order = [batch, *kept, *rows, *columns]
    value = operand.value
    if not isinstance(value, TensorRef):
        raise ShapeError("needs a tensor")
    axes = [operand.letters.index(letter) for letter in order]
    if axes != sorted(axes):
        value = to.op("Transpose", value, axes=axes)
    ahead = _lengths([batch, *kept], operand.sizes, batch)
    ends = (_count(rows, operand.sizes), _count(columns, operand.sizes))
    return to.op("Reshape", value, newshape=[*ahead, *ends])


def _count(letters: list[str], sizes: dict[str, int | None]) -> int:
    """Return the product of lengths, -1 when one of them is unknown."""
    lengths = [sizes[letter] for letter in letters]
    return -1 if None in lengths else math.prod(length or 0 for length in lengths)


def _lengths(letters: list[str], sizes: dict[str, int | None], batch: str) -> list[int | None]:
    """Return lengths as a Reshape takes them, None for the batch."""
    return [None if letter == batch else _count([letter], sizes) for letter in letters]
