"""Operations that join tensors become a Concatenate.

Before: keras.ops.Concatenate {"axis": -1} ([x, y]), keras.ops.Stack {"axis": 1} ([x, y])
After:  Concatenate {"axis": 2} ([x, y]), Concatenate {"axis": 1} of both with an axis of 1 more

A tensor that comes twice gets a copy, since tfjs disposes of it twice (engine/executor.ts 327).
Tile and Repeat join copies of one tensor, or of its slices.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import (
    axis_of,
    constant_array,
    is_integer,
    known_shape,
    only_tensor,
    operands,
    operation,
)
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Join tensors along an axis."""
    name = operation(layer)
    if name in ("Tile", "Repeat") and only_tensor(layer) is not None:
        return _repeated(layer, context)
    args = operands(layer)
    if name not in ("Concatenate", "Stack") or args is None or len(args) != 1:
        return None
    parts = args[0] if isinstance(args[0], tuple) else args
    if not all(isinstance(part, TensorRef) for part in parts):
        constants = any(constant_array(part) is not None for part in parts)
        return not_supported(layer, "joins constants") if constants else None
    rank = len(known_shape(context.shapes[0]))
    sketch = Sketch(layer, context)
    refs = sketch.inputs
    if name == "Stack":
        axis = axis_of(layer.config.get("axis", 0), rank + 1)
        shapes = [sketch.shape(ref)[1:] for ref in refs]
        refs = tuple(
            tensor_parts.reshaped(sketch, ref, (*shape[: axis - 1], 1, *shape[axis - 1 :]))
            for ref, shape in zip(refs, shapes, strict=True)
        )
    else:
        axis = axis_of(layer.config.get("axis", -1), rank)
    return sketch.done(joined(sketch, refs, axis, layer.name))


def joined(sketch: Sketch, refs: tuple[TensorRef, ...], axis: int, name: str) -> TensorRef:
    """Return tensors joined along an axis; any of them may come more than once."""
    seen: set[TensorRef] = set()
    distinct = []
    for ref in refs:
        distinct.append(tensor_parts.activated(sketch, ref, "linear") if ref in seen else ref)
        seen.add(ref)
    if len(distinct) == 1:
        return tensor_parts.activated(sketch, distinct[0], "linear", name)
    return sketch.add("Concatenate", {"axis": axis}, *distinct, name=name)


def _repeated(layer: Layer, context: Context) -> Lowering:
    repeats = layer.config.get("repeats")
    shape = known_shape(context.shapes[0])
    sketch = Sketch(layer, context)
    x = sketch.input()
    if operation(layer) == "Repeat":
        axis = axis_of(layer.config.get("axis"), len(shape))
        if not is_integer(repeats) or repeats < 1:
            raise ShapeError(f"repeats {repeats!r} times")
        size = shape[axis]
        behind = (*shape[1 : axis + 1], 1, *shape[axis + 1 :])
        raised = tensor_parts.reshaped(sketch, x, behind)
        long = joined(sketch, (raised,) * repeats, axis + 1, f"{layer.name}__all")
        total = None if size is None else size * repeats
        target = (*shape[1:axis], total, *shape[axis + 1 :])
        return sketch.done(tensor_parts.reshaped(sketch, long, target, layer.name))
    if not isinstance(repeats, list | tuple) or len(repeats) != len(shape) or repeats[0] != 1:
        raise ShapeError(f"repeats {repeats!r} times")
    for axis, count in enumerate(repeats):
        if count != 1:
            x = joined(sketch, (x,) * count, axis, f"{layer.name}__axis{axis}")
    return sketch.done(tensor_parts.activated(sketch, x, "linear", layer.name))
