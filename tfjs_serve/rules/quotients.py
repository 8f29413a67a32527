"""Division by a tensor and the exponential become a normalization that divides.

Before: keras.ops.TrueDivide (x, q)
After:  Multiply ([x, r]), r = LayerNormalization {"epsilon": 0} over [d, -d, q, -q], its first
        element over d * sqrt(2), times sign(q); keras.ops.Exp: (sigmoid(x/4) / sigmoid(-x/4))^4

The mean of [d, -d, q, -q] is 0 and its variance (d^2 + q^2) / 2, so that d = 1e-15 leaves
d * sqrt(2) / |q|, to 1e-6 of its value for divisors from 1e-12 to 1e15. No layer of tfjs divides
by a tensor. A divisor of 0 gives 0 or a large number in place of infinity, which is said in a
warning.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.arithmetic import exponential, reciprocal
from tfjs_serve.lowering.operands import constant_array, operands, operation, plain_number
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch

WARNING = "divides by values that must lie between 1e-12 and 1e15; 0 does not give infinity"


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Divide by a tensor, or raise e to it."""
    name, args = operation(layer), operands(layer)
    if args is None or name not in ("TrueDivide", "Divide", "Reciprocal", "Exp"):
        return None
    if name == "Exp" and len(args) == 1:
        sketch = Sketch(layer, context)
        return sketch.done(exponential(sketch, sketch.input(), layer.name))
    if name == "Reciprocal":
        args = (1.0, *args)
    if len(args) != 2 or not isinstance(args[1], TensorRef):
        return None
    sketch = Sketch(layer, context)
    notes = (Note(WARNING, layer.name, NoteKind.ACCURACY),)
    inverse = reciprocal(sketch, args[1])
    if isinstance(args[0], TensorRef):
        shapes = {len(sketch.shape(ref)) for ref in (args[0], args[1])}
        if len(shapes) > 1:
            return not_supported(layer, "tensors of different ranks")
        made = sketch.add("Multiply", {}, args[0], inverse, name=layer.name)
        return sketch.done(made, notes=notes)
    constant = constant_array(args[0])
    if constant is None:
        return None
    made = tensor_parts.scaled(sketch, inverse, plain_number(constant), name=layer.name)
    return sketch.done(made, notes=notes)
