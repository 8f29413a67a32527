"""Matrix products become a Dot, or a frozen Dense for a constant matrix.

Before: keras.ops.Matmul (x [b, 4, 6], y [b, 6, 3]), keras.ops.Matmul (x, constant [6, 2])
After:  Dot {"axes": [2, 1]} ([x, y]),               Dense (x) with the constant as its kernel

Dot multiplies inputs of rank 3 (backend/tfjs_backend.ts, batchDot), so that of higher ranks every
matrix is cut out and multiplied by itself; a Dense takes any rank. Where two axes of a product have
unknown lengths, as of hand-written attention to sequences of any length, the companion module does.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.companion import OPERATION
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import constant_array, operands, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Multiply two tensors, or a tensor and a constant."""
    args = operands(layer)
    if operation(layer) != "Matmul" or args is None or len(args) != 2:
        return None
    turns = [bool(layer.config.get(f"transpose_{side}", False)) for side in "ab"]
    sketch = Sketch(layer, context)
    if not isinstance(args[0], TensorRef):
        return _constant_first(layer, sketch, constant_array(args[0]), turns)
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
    if ranks[0] != ranks[-1] or ranks[0] < 3:
        return not_supported(layer, f"factors of ranks {ranks}, with the batch axis")
    one, other = args[0], args[1]
    if one == other:
        other = tensor_parts.activated(sketch, one, "linear")
    axes = [1 if turns[0] else 2, 2 if turns[1] else 1]
    if ranks[0] > 3 and _is_open(sketch, one, other, axes):
        return sketch.done(_whole_product(sketch, one, other, turns, layer.name))
    if ranks[0] == 3:
        return sketch.done(sketch.add("Dot", {"axes": axes}, one, other, name=layer.name))
    return sketch.done(_matrix_by_matrix(sketch, one, other, axes, layer.name))


def _constant_first(
    layer: Layer, sketch: Sketch, constant: np.ndarray | None, turns: list[bool]
) -> Lowering | Refusal | None:
    """Multiply a constant matrix and a tensor: the turned tensor and the turned constant."""
    if constant is None or len(sketch.inputs) != 1:
        return None
    is_one = constant.ndim >= 2 and set(constant.shape[:-2]) <= {1}
    rank = len(sketch.shape(sketch.input()))
    if not is_one or turns[1] or rank < 3 or constant.ndim > rank:
        return not_supported(layer, f"a constant first factor of shape {constant.shape}")
    matrix = constant.reshape(constant.shape[-2:])
    kernel = matrix if turns[0] else matrix.T
    made = tensor_parts.linear_map(sketch, sketch.input(), rank - 2, kernel)
    return sketch.done(tensor_parts.reshaped(sketch, made, sketch.shape(made)[1:], layer.name))


def _is_open(sketch: Sketch, one: TensorRef, other: TensorRef, axes: list[int]) -> bool:
    """Tell whether matrices are too many, or their product too open, for a Reshape to hold."""
    shapes = sketch.shape(one)[1:], sketch.shape(other)[1:]
    sides = [shape[-1 if axis == 1 else -2] for shape, axis in zip(shapes, axes, strict=True)]
    views = (*shapes, (*shapes[0][:-2], *sides))
    return any(view.count(None) > 1 for view in views) or None in shapes[0][:-2]


def _whole_product(
    sketch: Sketch, one: TensorRef, other: TensorRef, turns: list[bool], name: str
) -> TensorRef:
    """Return the products of all pairs of matrices at once, by the companion module."""
    rank = len(sketch.shape(one))
    turned = [*range(1, rank - 2), rank - 1, rank - 2]
    factors = (
        tensor_parts.permuted(sketch, ref, turned) if turn else ref
        for ref, turn in zip((one, other), turns, strict=True)
    )
    config = {"operation": "matmul", "constants": [None, None]}
    return sketch.add(OPERATION, config, *factors, name=name)


def _matrix_by_matrix(
    sketch: Sketch, one: TensorRef, other: TensorRef, axes: list[int], name: str
) -> TensorRef:
    """Return the products of all pairs of matrices, whose number must be known."""
    (_, *ahead, _, _), (_, *other_ahead, _, _) = sketch.shape(one), sketch.shape(other)
    count = tensor_parts.length(tuple(ahead))
    if count is None or ahead != other_ahead:
        raise ShapeError(f"needs as many matrices in both factors, got {ahead} and {other_ahead}")
    flat = [
        tensor_parts.reshaped(sketch, ref, (count, *sketch.shape(ref)[-2:])) for ref in (one, other)
    ]
    products: list[TensorRef] = []
    for index in range(count):
        pair = [tensor_parts.sliced(sketch, ref, 1, index, index + 1) for ref in flat]
        left, right = (tensor_parts.reshaped(sketch, ref, sketch.shape(ref)[-2:]) for ref in pair)
        made = sketch.add("Dot", {"axes": axes}, left, right)
        products.append(tensor_parts.reshaped(sketch, made, (1, *sketch.shape(made)[1:])))
    whole = products[0] if count == 1 else sketch.add("Concatenate", {"axis": 1}, *products)
    return tensor_parts.reshaped(sketch, whole, (*ahead, *sketch.shape(whole)[2:]), name)
