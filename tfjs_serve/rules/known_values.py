"""Shapes of tensors, and what is made of them, become plain values.

Before: b = tf.shape(x)[0], n = tf.shape(x)[1]; tf.reshape(x, [b, n * 4, -1])
After:  tf.reshape(x, [the length of the batch, 12, -1]) where x is [batch, 3, 8]

Models of Keras 2 are full of these. A length that is not known before the model runs stays one
that a Reshape can infer; nothing else takes it.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, tensors
from tfjs_serve.lowering.operands import known_shape, only_tensor, operands, operation
from tfjs_serve.lowering.shape_values import computed, lengths_of
from tfjs_serve.rewriting.rule import Context, Known, Refusal, refuse

NUMBERS = "needs the number of samples, which is known when the model runs"


def rewrite(layer: Layer, context: Context) -> Known | Refusal | None:
    """Return the value of an operation on values."""
    name, args = operation(layer), operands(layer)
    if name is None or not args:
        return None
    if name in ("Shape", "Rank", "Ndim", "Size") and only_tensor(layer) is not None:
        shape = known_shape(context.shapes[0])
        if name == "Size":
            return refuse(layer, NUMBERS)
        return Known(lengths_of(shape) if name == "Shape" else len(shape))
    if any(tensors(args)):
        return None
    value = computed(name, args, layer.config)
    return None if value is None else Known(value)
