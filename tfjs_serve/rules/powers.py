"""Powers with whole exponents become products, absolute values a maximum.

Before: keras.ops.Square (x), keras.ops.Power (x, 3), keras.ops.Absolute (x)
After:  Multiply ([x, copy]), Multiply ([Multiply ([x, copy]), x]), Maximum ([x, -x])

No layer of tfjs raises to a power. The copy is a linear Activation: a tensor that comes twice is
disposed of twice (engine/executor.ts 327).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.arithmetic import raised
from tfjs_serve.lowering.operands import operands, operation
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

EXPONENTS = range(1, 9)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Multiply a tensor with itself, as often as the exponent says."""
    name, args = operation(layer), operands(layer)
    if not args or not isinstance(args[0], TensorRef):
        return None
    if name == "Absolute" and len(args) == 1:
        sketch = Sketch(layer, context)
        negated = tensor_parts.scaled(sketch, sketch.input(), -1.0)
        return sketch.done(sketch.add("Maximum", {}, sketch.input(), negated, name=layer.name))
    exponent = 2 if name == "Square" and len(args) == 1 else None
    if name == "Power" and len(args) == 2 and isinstance(args[1], int | float):
        exponent = int(args[1]) if args[1] in EXPONENTS else None
    if exponent is None:
        return None
    sketch = Sketch(layer, context)
    return sketch.done(raised(sketch, sketch.input(), exponent, layer.name))
