"""What an operation of keras.ops is called with: tensors, constants and attributes.

Operands stand among the positional arguments of the call, attributes in the config, as Keras 3
writes them and as `tf_operations` rewrites those of Keras 2.
"""

from __future__ import annotations

from typing import Any, TypeGuard

import numpy as np

from tfjs_serve.graph import OPERATION_PREFIX, Layer, Shape, TensorRef, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError


def operation(layer: Layer) -> str | None:
    """Return the name of an operation, `Add` for `keras.ops.Add`; None for a layer."""
    if not layer.class_name.startswith(OPERATION_PREFIX):
        return None
    return layer.class_name.removeprefix(OPERATION_PREFIX)


def operands(layer: Layer) -> tuple[Value, ...] | None:
    """Return the positional arguments; None when there are named ones that say something."""
    (call,) = layer.calls
    return None if any(value is not None for value in call.kwargs.values()) else call.args


def only_tensor(layer: Layer) -> TensorRef | None:
    """Return the tensor an operation of one is called on, None when there is anything else."""
    args = operands(layer)
    is_one = args is not None and len(args) == 1 and isinstance(args[0], TensorRef)
    return args[0] if args is not None and is_one and isinstance(args[0], TensorRef) else None


def constant_array(value: Any) -> np.ndarray | None:
    """Return a number or nested numbers as float32; None for anything else."""
    if not _is_numeric(value):
        return None
    try:
        return np.asarray(value, np.float32)
    except ValueError:
        return None


def plain_number(value: Any) -> Any:
    """Return an array as the number or the nested lists that a config holds."""
    return np.asarray(value, np.float64).tolist()


def axes_of(value: Any, rank: int) -> tuple[int, ...]:
    """Return axes counted from the front; ShapeError for the batch axis and for nonsense."""
    if value is None:
        raise ShapeError("works on all axes, that of the batch too (axis = None)")
    items = value if isinstance(value, list | tuple) else [value]
    if not items or not all(is_integer(item) for item in items):
        raise ShapeError(f"cannot work on axes {value!r}")
    axes = tuple(item + rank if item < 0 else item for item in items)
    if len(set(axes)) < len(axes) or not all(0 < axis < rank for axis in axes):
        raise ShapeError(f"works on the batch axis or an unknown one, got axis {value!r}")
    return axes


def axis_of(value: Any, rank: int) -> int:
    """Return one axis counted from the front; ShapeError as `axes_of`."""
    axes = axes_of(value, rank)
    if len(axes) != 1:
        raise ShapeError(f"takes one axis, got {value!r}")
    return axes[0]


def is_integer(value: Any) -> TypeGuard[int]:
    """Tell whether a value is a whole number and no boolean."""
    return isinstance(value, int) and not isinstance(value, bool)


def known_shape(shape: Shape | None) -> Shape:
    """Return a shape; ShapeError where an earlier refusal hides it."""
    if shape is None:
        raise ShapeError("its input has no known shape")
    return shape


def _is_numeric(value: Any) -> bool:
    if isinstance(value, list | tuple):
        return len(value) > 0 and all(map(_is_numeric, value))
    return isinstance(value, int | float) and not isinstance(value, bool)
