"""Masks of attention as tensors of 0 and 1, and scores that heed them; shared by two rules.

Keras replaces or lowers the scores of what is masked by 1e9 (layers/activations/softmax.py); a
bigger number makes softmax fail on WebGL. What one mask lets through another may hold back, so
masks are multiplied first: of a row that is masked as a whole Keras may take the plain mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.companion import OPERATION
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.sketch import Sketch

PENALTY = 1e9


def scaled(sketch: Sketch, x: TensorRef, scale: Any, offset: Any = 0.0) -> TensorRef:
    """Return x * scale + offset: numbers, or nested lists of a shape that fits."""
    return sketch.add("Rescaling", {"scale": scale, "offset": offset}, x)


def reshaped(sketch: Sketch, x: TensorRef, lengths: Shape) -> TensorRef:
    """Return x with other axes behind that of the batch.

    With two of unknown length, an axis of length 1 may come first, or go from either end.
    """
    shape = sketch.shape(x)[1:]
    if shape == lengths:
        return x
    if lengths.count(None) > 1:
        if shape == (1, *lengths):
            x, shape = sketch.add("Permute", {"dims": [2, 1, 3]}, x), (*lengths, 1)
        if (1, *shape) == lengths:
            return sketch.add("Permute", {"dims": [2, 1, 3]}, _by_rows(sketch, x, [1, -1]))
        if shape == (*lengths, 1):
            return _by_rows(sketch, x, [-1])
        raise ShapeError(f"needs at most one axis of unknown length, got {lengths}")
    target = [-1 if length is None else length for length in lengths]
    return sketch.add("Reshape", {"target_shape": target}, x)


def _by_rows(sketch: Sketch, x: TensorRef, target: list[int]) -> TensorRef:
    """Return x with each element of its first axis reshaped by itself."""
    part = Layer(f"{x.layer}__row", "Reshape", {"target_shape": target})
    return sketch.add("TimeDistributed", {}, x, part=part)


def is_set(sketch: Sketch, mask: TensorRef) -> TensorRef:
    """Return 1 where a mask is not 0, whatever its dtype and values, as a cast to bool does."""
    value = scaled(sketch, mask, 1.0)
    size = sketch.add("Maximum", {}, value, scaled(sketch, value, -1.0))
    return clipped(sketch, scaled(sketch, size, 1e30))


def clipped(sketch: Sketch, x: TensorRef) -> TensorRef:
    """Return numbers cut off at 0 and 1."""
    return sketch.add("ReLU", {"max_value": 1.0}, x)


def is_above_half(sketch: Sketch, mask: TensorRef) -> TensorRef:
    """Return 1 where a number is more than a half, else 0."""
    return clipped(sketch, scaled(sketch, mask, 1e30, -0.5e30))


def of_steps(sketch: Sketch, mask: TensorRef, axis: int) -> TensorRef:
    """Return a mask [B, T] for scores [B, T, S]: along their axis 1 or 2."""
    shape = sketch.shape(mask)
    if len(shape) != 2:
        raise ShapeError(f"needs masks of rank 2 with the batch axis, got {shape}")
    return reshaped(sketch, is_set(sketch, mask), (shape[1], 1) if axis == 1 else (1, shape[1]))


def within(sketch: Sketch, scores: TensorRef, *, ahead: int, sign: int = 1) -> TensorRef:
    """Return 1 where step s of the keys is at most `ahead` of step t of the query, else 0.

    sign: -1 to look the other way. For known lengths the numbers written are as many as their sum;
    unknown ones are counted by the companion module.
    """
    _, rows, columns = sketch.shape(scores)
    if rows is None or columns is None:
        row, column = _counted(sketch, scores, 1), _counted(sketch, scores, 2)
        late = sketch.add(
            "Add", {}, scaled(sketch, row, sign, ahead + 1), scaled(sketch, column, -sign)
        )
        return clipped(sketch, late)
    late = scaled(sketch, scores, 0.0, [[float(ahead + 1 + sign * t)] for t in range(rows)])
    return clipped(sketch, scaled(sketch, late, 1.0, [float(-sign * s) for s in range(columns)]))


def _counted(sketch: Sketch, scores: TensorRef, axis: int) -> TensorRef:
    """Return for each score which one along an axis it is, from 1 on."""
    ones = scaled(sketch, scores, 0.0, 1.0)
    config = {"operation": "cumsum", "constants": [None], "axes": [axis]}
    return sketch.add(OPERATION, config, ones)


def together(sketch: Sketch, masks: Sequence[TensorRef]) -> TensorRef | None:
    """Return 1 where all masks are 1, else 0; None where there are none."""
    if len(masks) < 2:
        return masks[0] if masks else None
    return sketch.add("Multiply", {}, *masks)


def penalties(sketch: Sketch, mask: TensorRef | None) -> TensorRef | None:
    """Return what to add to scores: 0 where a mask is 1, -1e9 where it is 0."""
    return None if mask is None else scaled(sketch, mask, PENALTY, -PENALTY)


def softmax(sketch: Sketch, scores: TensorRef, penalty: TensorRef | None) -> TensorRef:
    """Return the share of every key in each step of the query."""
    if penalty is not None:
        scores = sketch.add("Add", {}, scores, penalty)
    return sketch.add("Activation", {"activation": "softmax"}, scores)


def masks_of_inputs(sketch: Sketch, given: Mapping[str, TensorRef]) -> list[TensorRef]:
    """Return the masks of query, value and key for scores [B, T, S], equal ones once."""
    wanted = {"query_mask": 1, "value_mask": 2, "key_mask": 2}
    found = dict.fromkeys((given[name], axis) for name, axis in wanted.items() if name in given)
    return [of_steps(sketch, mask, axis) for mask, axis in found]
