"""Bounds by constants become a ReLU, or merging layers with a constant tensor.

Before: keras.ops.Clip {"x_min": 0, "x_max": 6} (x), keras.ops.Maximum (x, 0.5)
After:  ReLU {"max_value": 6} (x),                   Maximum ([x, Rescaling {"scale": 0, ...} (x)])

A Rescaling by 0 makes a constant of the shape of its input; no bound loses a digit. Input that
is infinite would become no number.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import constant_array, operands, operation, plain_number
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Apply a lower and an upper bound."""
    bounds = _bounds(layer)
    if bounds is None or len(layer.calls[0].inputs) != 1:
        return None
    low, high = bounds
    sketch = Sketch(layer, context)
    x = sketch.input()
    for bound in bounds:
        x = tensor_parts.stretched(sketch, x, np.asarray(0.0 if bound is None else bound))
    if low == 0 and (high is None or (isinstance(high, float) and high >= 0)):
        return sketch.done(sketch.add("ReLU", {"max_value": high}, x, name=layer.name))
    if low is not None:
        constant = tensor_parts.scaled(sketch, x, 0.0, low)
        name = layer.name if high is None else None
        x = sketch.add("Maximum", {}, x, constant, name=name)
    if high is not None:
        constant = tensor_parts.scaled(sketch, x, 0.0, high)
        x = sketch.add("Minimum", {}, x, constant, name=layer.name)
    return sketch.done(x)


def _bounds(layer: Layer) -> tuple[Any, Any] | None:
    """Return the lower and the upper bound, None for no bound; None for another layer."""
    name, args = operation(layer), operands(layer)
    if args is None:
        return None
    if name == "Clip" and len(args) == 1:
        found = [constant_array(layer.config.get(key)) for key in ("x_min", "x_max")]
        if found[0] is None or found[1] is None:
            return None
        return plain_number(found[0]), plain_number(found[1])
    if name in ("Maximum", "Minimum") and len(args) == 2:
        (constant,) = [value for value in args if not isinstance(value, TensorRef)] or [None]
        array = constant_array(constant)
        if array is None:
            return None
        bound = plain_number(array)
        return (bound, None) if name == "Maximum" else (None, bound)
    return None
