"""Means, sums and extremes over axes become a global pooling.

Before: keras.ops.Mean {"axis": [1, 2]} (x), keras.ops.Min {"axis": -1, "keepdims": true} (x)
After:  Reshape, GlobalAveragePooling1D, Reshape (a Permute first where the axes ask for it)

A sum is a mean times the number of its terms, or a Dot with ones where that is not known; a minimum
is the negated maximum of the negated.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import axes_of, known_shape, only_tensor, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch

HOW = {"Mean": "mean", "Average": "mean", "Sum": "sum"} | {
    **{"Max": "max", "Amax": "max", "Min": "min", "Amin": "min"}
}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Reduce over the axes with a pooling layer."""
    how = HOW.get(operation(layer) or "")
    if how is None or only_tensor(layer) is None:
        return None
    if layer.config.get("initial") is not None:
        return not_supported(layer, f"initial = {layer.config['initial']!r}")
    rank = len(known_shape(context.shapes[0]))
    axes = axes_of(layer.config.get("axis"), rank)
    sketch = Sketch(layer, context)
    keepdims = bool(layer.config.get("keepdims", False))
    made = tensor_parts.reduced(sketch, sketch.input(), axes, how, keepdims=keepdims)
    return sketch.done(tensor_parts.reshaped(sketch, made, sketch.shape(made)[1:], layer.name))
