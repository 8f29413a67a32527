"""Powers, quotients and the exponential, in layers that only add, multiply and normalize."""

from __future__ import annotations

import math

from tfjs_serve.graph import TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.rewriting.sketch import Sketch

SMALL = 1e-15


def raised(sketch: Sketch, x: TensorRef, exponent: int, name: str) -> TensorRef:
    """Return x multiplied with itself; the last layer gets the name."""
    if exponent == 1:
        return tensor_parts.activated(sketch, x, "linear", name)
    half = x if exponent < 4 else raised(sketch, x, exponent // 2, f"{name}__power{exponent // 2}")
    square_name = name if exponent in (2, 4, 6, 8) else f"{name}__even{exponent}"
    copy = tensor_parts.activated(sketch, half, "linear")
    even = sketch.add("Multiply", {}, half, copy, name=square_name)
    return even if exponent % 2 == 0 else sketch.add("Multiply", {}, even, x, name=name)


def reciprocal(sketch: Sketch, x: TensorRef, *, is_positive: bool = False) -> TensorRef:
    """Return 1 / x."""
    shape = sketch.shape(x)
    flat = tensor_parts.reshaped(sketch, x, (tensor_parts.length(shape[1:]), 1))
    small = tensor_parts.scaled(sketch, flat, 0.0, SMALL)
    less = tensor_parts.scaled(sketch, flat, 0.0, -SMALL)
    negated = tensor_parts.scaled(sketch, flat, -1.0)
    row = sketch.add("Concatenate", {"axis": 2}, small, less, flat, negated)
    config = {"axis": 2, "epsilon": 0.0, "center": False, "scale": False}
    normal = sketch.add("LayerNormalization", config, row)
    first = tensor_parts.sliced(sketch, normal, 2, 0, 1)
    inverse = tensor_parts.scaled(sketch, first, 1 / (SMALL * math.sqrt(2)))
    if not is_positive:
        # 1 / x = x * |1 / x|^2, without the overflow of the square.
        sign = sketch.add("Multiply", {}, flat, inverse)
        inverse = sketch.add("Multiply", {}, sign, inverse)
    return tensor_parts.reshaped(sketch, inverse, shape[1:])


def exponential(sketch: Sketch, x: TensorRef, name: str) -> TensorRef:
    """Return e^x as the fourth power of e^(x/4), which is a quotient of two sigmoids."""
    quarter = tensor_parts.scaled(sketch, x, 0.25)
    above = tensor_parts.activated(sketch, quarter, "sigmoid")
    below = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, -0.25), "sigmoid")
    inverse = reciprocal(sketch, below, is_positive=True)
    root = sketch.add("Multiply", {}, above, inverse)
    return raised(sketch, root, 4, name)
