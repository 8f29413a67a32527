"""Matrix products become a Dot, or a frozen Dense for a constant matrix.

Before: keras.ops.Matmul (x [b, 4, 6], y [b, 6, 3]), keras.ops.Matmul (x, constant [6, 2])
After:  Dot {"axes": [2, 1]} ([x, y]),               Dense (x) with the constant as its kernel

Dot multiplies inputs of rank 3 (backend/tfjs_backend.ts, batchDot); a Dense takes any rank.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import constant_array, operands, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Multiply two tensors, or a tensor and a constant."""
    args = operands(layer)
    if operation(layer) != "Matmul" or args is None or len(args) != 2:
        return None
    if not isinstance(args[0], TensorRef):
        return not_supported(layer, "a constant as the first factor")
    turns = [bool(layer.config.get(f"transpose_{side}", False)) for side in "ab"]
    sketch = Sketch(layer, context)
    constant = constant_array(args[1])
    if constant is not None:
        kernel = constant.T if turns[1] else constant
        if kernel.ndim != 2 or turns[0] or len(sketch.shape(args[0])) < 2:
            return not_supported(layer, f"a constant factor of shape {constant.shape}")
        config = {"units": kernel.shape[1], "use_bias": False, "trainable": False}
        weights = [tensor_parts.constant("kernel", kernel)]
        made = sketch.add("Dense", config, args[0], name=layer.name, weights=weights)
        return sketch.done(made)
    if not isinstance(args[1], TensorRef):
        return None
    ranks = tuple(len(sketch.shape(ref)) for ref in sketch.inputs)
    if ranks != (3, 3):
        return not_supported(layer, f"factors of ranks {ranks}, with the batch axis")
    one, other = args[0], args[1]
    if one == other:
        other = tensor_parts.activated(sketch, one, "linear")
    axes = [1 if turns[0] else 2, 2 if turns[1] else 1]
    return sketch.done(sketch.add("Dot", {"axes": axes}, one, other, name=layer.name))
