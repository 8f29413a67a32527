"""Padding becomes ZeroPadding2D, axis by axis, or a frozen Dense that mirrors an axis.

Before: keras.ops.Pad {"pad_width": [[0, 0], [1, 2], [0, 1]]} (x)
After:  Reshape, ZeroPadding2D, Reshape for each axis that grows; then a Rescaling that adds the
        value that is padded, where that is not 0

Modes other than `constant` pick elements of the axis by a matrix of zeros and ones. The batch axis
is never padded.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import is_integer, known_shape, operation, plain_number
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch

MODES: dict[str, Literal["reflect", "symmetric", "edge"]] = {
    **{"reflect": "reflect", "symmetric": "symmetric", "edge": "edge"}
}
"""Modes that repeat elements of the axis, as NumPy calls them."""


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Put zeros before and behind the axes."""
    if operation(layer) != "Pad":
        return None
    (call,) = layer.calls
    fields = dict(layer.config) | dict(call.kwargs)
    if len(call.args) != 1 or not isinstance(call.args[0], TensorRef):
        return not_supported(layer, "called with more than a tensor")
    mode, value = str(fields.get("mode", "constant")).lower(), fields.get("constant_values")
    shape = known_shape(context.shapes[0])
    pairs = _pairs(fields.get("pad_width"), len(shape))
    if pairs[0] != (0, 0):
        return not_supported(layer, "pads the batch axis")
    if mode not in ("constant", *MODES) or not (value is None or is_number(value)):
        return not_supported(layer, f"mode = {mode!r} with constant_values = {value!r}")
    sketch = Sketch(layer, context)
    x = sketch.input()
    for axis, (first, last) in enumerate(pairs):
        if (first or last) and mode == "constant":
            x = tensor_parts.padded(sketch, x, axis, first, last)
        elif first or last:
            x = tensor_parts.linear_map(sketch, x, axis, _mirror(shape, axis, first, last, mode))
    if mode == "constant" and value:
        x = tensor_parts.scaled(sketch, x, 1.0, _border(shape, pairs, value))
    return sketch.done(tensor_parts.reshaped(sketch, x, sketch.shape(x)[1:], layer.name))


def _mirror(shape: Shape, axis: int, first: int, last: int, mode: str) -> np.ndarray:
    """Return the matrix that picks the elements of a longer axis."""
    size = shape[axis]
    if size is None or max(first, last) > size - (mode == "reflect"):
        raise ShapeError(f"pads axis {axis} of {shape} by {first} and {last} as {mode!r}")
    picked = np.pad(np.arange(size), (first, last), mode=MODES[mode])
    return np.asarray(np.eye(size, dtype=np.float32)[:, picked])


def _border(shape: Shape, pairs: list[tuple[int, int]], value: float) -> Any:
    """Return what to add to a padded tensor: a value in the border, 0 elsewhere."""
    if None in shape[1:]:
        raise ShapeError(f"needs known lengths to pad by {value}, got {shape}")
    inside = np.zeros([size or 0 for size in shape[1:]])
    return plain_number(np.pad(inside, pairs[1:], constant_values=value))


def _pairs(value: Any, rank: int) -> list[tuple[int, int]]:
    is_list = isinstance(value, list | tuple) and len(value) == rank
    if not is_list or not all(
        isinstance(pair, list | tuple)
        and len(pair) == 2
        and all(is_integer(size) and size >= 0 for size in pair)
        for pair in value
    ):
        raise ShapeError(f"pads {value!r}")
    return [(pair[0], pair[1]) for pair in value]
