"""Padding with zeros becomes ZeroPadding2D, axis by axis.

Before: keras.ops.Pad {"pad_width": [[0, 0], [1, 2], [0, 1]]} (x)
After:  Reshape, ZeroPadding2D, Reshape for each axis that grows

Only zeros are padded, and never the batch axis.
"""

from __future__ import annotations

from typing import Any

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import is_integer, known_shape, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Put zeros before and behind the axes."""
    if operation(layer) != "Pad":
        return None
    (call,) = layer.calls
    fields = dict(layer.config) | dict(call.kwargs)
    if len(call.args) != 1 or not isinstance(call.args[0], TensorRef):
        return not_supported(layer, "called with more than a tensor")
    mode, value = fields.get("mode", "constant"), fields.get("constant_values")
    if str(mode).lower() != "constant" or value not in (None, 0):
        return not_supported(layer, f"mode = {mode!r} with constant_values = {value!r}")
    shape = known_shape(context.shapes[0])
    pairs = _pairs(fields.get("pad_width"), len(shape))
    sketch = Sketch(layer, context)
    x = sketch.input()
    for axis, (first, last) in enumerate(pairs):
        if axis == 0 and (first, last) != (0, 0):
            return not_supported(layer, "pads the batch axis")
        if first or last:
            x = tensor_parts.padded(sketch, x, axis, first, last)
    return sketch.done(tensor_parts.reshaped(sketch, x, sketch.shape(x)[1:], layer.name))


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
