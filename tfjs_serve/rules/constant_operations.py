"""Arithmetic with a constant becomes a Rescaling.

Before: keras.ops.Add (x, 3.0), keras.ops.Subtract (1.0, x), keras.ops.TrueDivide (x, 6.0)
After:  Rescaling {"scale": 1, "offset": 3}, {"scale": -1, "offset": 1}, {"scale": 1/6}

Rescaling multiplies by one constant and adds another, numbers or arrays that fit the input
(layers/preprocessing/image_preprocessing.ts). Dividing by c and multiplying by 1/c differ by one
rounding. A tensor of one element along an axis where a constant has more is repeated by a Dense of
ones first, exactly where it is finite; so it is for bounds and comparisons.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import constant_array, operands, operation, plain_number
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

ARITHMETIC = ("Add", "Subtract", "Multiply", "TrueDivide", "Divide")


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Write one tensor and one constant, or a negation, as scale and offset."""
    name, args = operation(layer), operands(layer)
    if name == "Negative" and args is not None and len(args) == 1:
        name, args = "Multiply", (args[0], -1.0)
    if name not in ARITHMETIC or args is None or len(args) != 2:
        return None
    constants = [constant_array(value) for value in args]
    is_first = isinstance(args[0], TensorRef)
    constant = constants[1 if is_first else 0]
    if constant is None or not isinstance(args[0 if is_first else 1], TensorRef):
        return None
    factors = _factors(name, constant.astype(np.float64), is_first=is_first)
    if factors is None:
        return None
    sketch = Sketch(layer, context)
    if constant.ndim == len(sketch.shape(sketch.input())) and constant.shape[0] != 1:
        raise ShapeError("its constant has a batch axis of its own")
    scale, offset = (plain_number(value) for value in factors)
    x = tensor_parts.stretched(sketch, sketch.input(), constant)
    return sketch.done(tensor_parts.scaled(sketch, x, scale, offset, layer.name))


def _factors(
    name: str, constant: np.ndarray, *, is_first: bool
) -> tuple[np.ndarray | float, np.ndarray | float] | None:
    """Return scale and offset; is_first: whether the tensor comes first."""
    if name == "Add":
        return 1.0, constant
    if name == "Subtract":
        return (1.0, -constant) if is_first else (-1.0, constant)
    if name == "Multiply":
        return constant, 0.0
    # A constant over a tensor is a quotient of its own (rules.quotients).
    return (1.0 / constant, 0.0) if is_first and constant.all() else None
