"""Operations that only move or rename axes become Reshape and Permute.

Before: keras.ops.ExpandDims {"axis": 1} (x), keras.ops.Transpose {"axes": [0, 2, 1]} (x)
After:  Reshape {"target_shape": [1, 4]} (x), Permute {"dims": [2, 1]} (x)

The batch axis must stay where and what it is; of the others one may have an unknown length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import OPERATION_PREFIX, Layer, Shape, UnknownLength
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.asked import OWN_LENGTH
from tfjs_serve.lowering.operands import (
    axes_of,
    axis_of,
    is_integer,
    known_shape,
    only_tensor,
    operation,
)
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite
from tfjs_serve.rewriting.sketch import Sketch

RESHAPES = ("Reshape", "ExpandDims", "Squeeze")
PERMUTES = ("Transpose", "Swapaxes", "Moveaxis")
COPIES = ("Identity", "StopGradient", "ConvertToTensor", "Array", "Copy", "Real", "Conjugate")


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | None:
    """Replace an operation on axes by a layer."""
    name = operation(layer)
    if name not in (*RESHAPES, *PERMUTES, *COPIES) or only_tensor(layer) is None:
        return None
    if name in ("ConvertToTensor", "Array") and layer.config.get("dtype") is not None:
        return Rewrite(replace(layer, class_name=OPERATION_PREFIX + "Cast"))  # for rules.logic
    if name in COPIES:
        config = {"activation": "linear"}
        return Rewrite(replace(layer, class_name="Activation", config=config))
    shape = known_shape(context.shapes[0])
    sketch = Sketch(layer, context)
    if name in PERMUTES:
        order = _order(name, layer.config, len(shape))
        return sketch.done(tensor_parts.permuted(sketch, sketch.input(), order[1:], layer.name))
    target = _target(name, layer.config, shape)
    return sketch.done(tensor_parts.reshaped(sketch, sketch.input(), target, layer.name))


def _order(name: str, config: Any, rank: int) -> list[int]:
    if name == "Swapaxes":
        one, other = axes_of([config["axis1"], config["axis2"]], rank)
        order = list(range(rank))
        order[one], order[other] = other, one
        return order
    if name == "Moveaxis":
        start, end = axis_of(config["source"], rank), axis_of(config["destination"], rank)
        order = [axis for axis in range(rank) if axis != start]
        return [*order[:end], start, *order[end:]]
    axes = config.get("axes")
    if axes is None:
        raise ShapeError("reverses all axes, the batch axis too")
    order = [axis + rank if axis < 0 else axis for axis in axes]
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise ShapeError(f"moves the batch axis, got axes {axes!r}")
    return order


def _target(name: str, config: Any, shape: Shape) -> Shape:
    if name == "ExpandDims":
        axes = axes_of(config.get("axis"), len(shape) + _count(config.get("axis")))
        rest = iter(shape[1:])
        return tuple(1 if axis in axes else next(rest) for axis in range(1, len(shape) + len(axes)))
    if name == "Squeeze":
        axes = axes_of(config.get("axis"), len(shape))
        if any(shape[axis] != 1 for axis in axes):
            raise ShapeError(f"squeezes axes {axes} of {shape}")
        return tuple(size for axis, size in enumerate(shape) if axis and axis not in axes)
    return _reshaped(config.get("newshape"), shape, is_own=bool(config.get(OWN_LENGTH)))


def _known(sizes: Sequence[int | None]) -> tuple[int, int]:
    """Return how many lengths are unknown, and the product of the others."""
    known = [size for size in sizes if size is not None and size != -1]
    return len(sizes) - len(known), math.prod(known)


def _count(value: Any) -> int:
    return len(value) if isinstance(value, list | tuple) else 1


def _inferred(size: Any) -> Any:
    """Return a length as Keras 3 writes it: None for that of the batch, -1 for one it infers."""
    return (None if size.is_batch else -1) if isinstance(size, UnknownLength) else size


def _reshaped(target: Any, shape: Shape, *, is_own: bool) -> Shape:
    """Return the lengths behind the batch axis; -1 in its place must come out as the batch.

    is_own: whether a length that is not known is that of axis 1.
    """
    if not isinstance(target, Sequence) or not target:
        raise ShapeError(f"reshapes to {target!r}")
    target = [_inferred(size) for size in target]
    lengths = [-1 if size is None else size for size in target]
    if not all(is_integer(size) and size != 0 for size in lengths):
        raise ShapeError(f"reshapes to {target!r}")
    first, *rest = lengths
    held = tensor_parts.length(shape[1:])
    if first == -1:
        is_batch = held is not None and held == math.prod(rest) and -1 not in rest
        # Keras 3 writes None for lengths it does not know, and -1 for one of them.
        is_batch = is_batch or (rest.count(-1) == 1 and target[0] is None)
        # Beside a length that is its own, the others must hold as much as its others.
        is_batch = is_batch or (is_own and _known(rest) == _known(shape[1:]))
    else:
        is_batch = first == shape[0]
    if not is_batch or rest.count(-1) > 1:
        raise ShapeError(f"reshapes {shape} to {target!r}, which is not known to keep the batch")
    return tuple(None if size == -1 else size for size in rest)
