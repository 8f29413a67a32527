"""Comparisons and the logic of masks are computed as zeros and ones.

Before: keras.ops.NotEqual (x, 0), keras.ops.LogicalAnd (a, b), keras.ops.Any {"axis": -1} (m)
After:  ReLU (max 1) of 1e30 (x - 0) and of its negative, added; Minimum ([a, b]); a maximum

A difference of float32 is 0 only between equal numbers, and 1e30 times the smallest one that
counts is above 1. Whatever stands for a truth value is first made 0 or 1, since any number but 0
is true.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import OPERATION_PREFIX, Layer, TensorRef, Value
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.asked import WHOLE
from tfjs_serve.lowering.operands import (
    axes_of,
    constant_array,
    known_shape,
    only_tensor,
    operands,
    operation,
    plain_number,
)
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite, not_supported
from tfjs_serve.rewriting.sketch import Sketch

LARGE = 1e30
COMPARISONS = ("NotEqual", "Equal", "Greater", "GreaterEqual", "Less", "LessEqual")
MIRRORED = {"Greater": "Less", "Less": "Greater"} | {
    **{"GreaterEqual": "LessEqual", "LessEqual": "GreaterEqual"}
}
"""What compares the same with its operands the other way round."""
PAIRS = {"LogicalOr": "Maximum", "LogicalAnd": "Minimum"}
QUANTIFIERS = {"Any": "max", "All": "min"}
CONSTANTS = {"ZerosLike": 0.0, "OnesLike": 1.0}
FLOATS = ("float32", "float64")
INTEGERS = ("int32", "int64")
"""Dtypes to which fractions are cut off; what overflows them has no value that Keras promises."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Compute a truth value, or a cast of one, as a number."""
    name, args = operation(layer), operands(layer)
    if args is None:
        return None
    if name == "Cast" and only_tensor(layer) is not None:
        return _cast(layer, context)
    if name in CONSTANTS and only_tensor(layer) is not None:
        sketch = Sketch(layer, context)
        made = tensor_parts.scaled(sketch, sketch.input(), 0.0, CONSTANTS[name], layer.name)
        return sketch.done(made)
    if name in COMPARISONS and len(args) == 2:
        if isinstance(args[1], TensorRef) and not isinstance(args[0], TensorRef):
            name, args = MIRRORED.get(name, name), args[::-1]
        return _comparison(layer, context, name, args)
    if name in PAIRS and len(args) == 2 and len(layer.calls[0].inputs) == 2:
        if len({len(known_shape(shape)) for shape in context.shapes}) > 1:
            return not_supported(layer, "tensors of different ranks")
        sketch = Sketch(layer, context)
        one, other = (_nonzero(sketch, ref) for ref in sketch.inputs)
        return sketch.done(sketch.add(PAIRS[name], {}, one, other, name=layer.name))
    if name == "LogicalNot" and only_tensor(layer) is not None:
        sketch = Sketch(layer, context)
        truth = _nonzero(sketch, sketch.input())
        return sketch.done(tensor_parts.scaled(sketch, truth, -1.0, 1.0, layer.name))
    if name in QUANTIFIERS and only_tensor(layer) is not None:
        axes = axes_of(layer.config.get("axis"), len(known_shape(context.shapes[0])))
        sketch = Sketch(layer, context)
        keepdims = bool(layer.config.get("keepdims", False))
        truth = _nonzero(sketch, sketch.input())
        made = tensor_parts.reduced(sketch, truth, axes, QUANTIFIERS[name], keepdims=keepdims)
        return sketch.done(tensor_parts.reshaped(sketch, made, sketch.shape(made)[1:], layer.name))
    return None


def _cast(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal:
    dtype = layer.config.get("dtype")
    if dtype in FLOATS or layer.config.get(WHOLE):
        config = {"activation": "linear"}
        return Rewrite(replace(layer, class_name="Activation", config=config))
    if dtype == "bool":
        sketch = Sketch(layer, context)
        return sketch.done(_nonzero(sketch, sketch.input(), layer.name))
    if dtype in INTEGERS:
        trunc = replace(layer, class_name=f"{OPERATION_PREFIX}Trunc", config={})
        return Rewrite(trunc)  # for rules.companion_operations
    return not_supported(layer, f"a cast to {dtype!r}, which may round or overflow")


def _comparison(
    layer: Layer, context: Context, name: str, args: tuple[Value, ...]
) -> Lowering | Refusal | None:
    sketch = Sketch(layer, context)
    if not isinstance(args[0], TensorRef) or len(set(sketch.inputs)) < len(sketch.inputs):
        return None
    if isinstance(args[1], TensorRef):
        if len({len(sketch.shape(ref)) for ref in sketch.inputs}) > 1:
            return not_supported(layer, "tensors of different ranks")
        difference = sketch.add("Add", {}, args[0], tensor_parts.scaled(sketch, args[1], -1.0))
    else:
        constant = constant_array(args[1])
        if constant is None:
            return None
        offset = plain_number(-constant)
        x = tensor_parts.stretched(sketch, args[0], constant)
        difference = tensor_parts.scaled(sketch, x, 1.0, offset)
    if name in ("NotEqual", "Equal"):
        truth = _nonzero(sketch, difference)
    else:
        sign = LARGE if name in ("Greater", "LessEqual") else -LARGE
        steep = tensor_parts.scaled(sketch, difference, sign)
        truth = sketch.add("ReLU", {"max_value": 1.0}, steep)
    is_negated = name in ("Equal", "GreaterEqual", "LessEqual")
    scale, offset = (-1.0, 1.0) if is_negated else (1.0, 0.0)
    return sketch.done(tensor_parts.scaled(sketch, truth, scale, offset, layer.name))


def _nonzero(sketch: Sketch, x: TensorRef, name: str | None = None) -> TensorRef:
    """Return 0 for 0 and 1 for everything else."""
    above, below = (
        sketch.add("ReLU", {"max_value": 1.0}, tensor_parts.scaled(sketch, x, scale))
        for scale in (LARGE, -LARGE)
    )
    return sketch.add("Add", {}, above, below, name=name)
