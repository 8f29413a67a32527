"""Functions of TensorFlow become the operations of Keras 3 that compute the same.

Before: TFOpLambda {"function": "math.reduce_mean"} called with (x, axis=1), as Keras 2 writes it
After:  keras.ops.Mean {"axis": 1, "keepdims": false} called with (x)

Keras 2 records every function of TensorFlow and every operator by its exported name; only its
first argument is positional, the others, tensors too, are named (engine/node.py, `serialize`).
An argument that the file lost (`x != 0` in 2.15) or that is not listed refuses the model.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import accumulate
from typing import Any

from tfjs_serve.graph import OPERATION_PREFIX, Call, Layer, Value
from tfjs_serve.lowering.asked import OWN_LENGTH, WHOLE
from tfjs_serve.lowering.operands import is_integer
from tfjs_serve.lowering.tf_functions import Function, function_called
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

CLASSES = ("TFOpLambda", "SlicingOpLambda")


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Replace a function that is known by its operation."""
    if layer.class_name not in CLASSES:
        return None
    name = layer.config.get("function")
    function = function_called(name)
    if function is None:
        return not_supported(layer, f"function {name}")
    (call,) = layer.calls
    given = _named(function, call)
    known = {*function.operands, *function.attributes, *function.fixed, "name"}
    for key, value in given.items():
        is_other = key in function.fixed and value not in (None, function.fixed[key])
        if key not in known or is_other:
            return not_supported(layer, f"function {name} called with {key} = {value!r}")
    missing = [key for key in function.operands if key not in given]
    if missing:
        return not_supported(layer, f"function {name}: the file lost its argument {missing[0]}")
    attributes = {
        attribute: given.get(key, default)
        for key, (attribute, default) in function.attributes.items()
    }
    if "sizes" in attributes:
        attributes["indices_or_sections"] = _indices(attributes.pop("sizes"))
    attributes |= {mark: True for mark in (WHOLE, OWN_LENGTH) if layer.config.get(mark)}
    operands = tuple(given[key] for key in function.operands)
    class_name = OPERATION_PREFIX + function.operation
    made = replace(layer, class_name=class_name, config=attributes, calls=(Call(operands),))
    return Rewrite(made)


def _named(function: Function, call: Call) -> dict[str, Value]:
    """Return every argument by its name."""
    return dict(zip(function.operands, call.args, strict=False)) | dict(call.kwargs)


def _indices(sizes: Any) -> Any:
    """Return where to cut: TensorFlow takes the sizes of the pieces, Keras 3 their ends."""
    if is_integer(sizes):
        return sizes
    is_list = isinstance(sizes, tuple) and all(is_integer(size) and size > 0 for size in sizes)
    return list(accumulate(sizes))[:-1] if is_list else None
