"""Values of operations on shapes and other numbers that are known before a model runs.

A length that the model is not told, as that of the batch, is an `UnknownLength`. Of one that is
not the batch a multiple is as unknown; anything else made of one is no value here.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from tfjs_serve.graph import Shape, Slice, UnknownLength, Value
from tfjs_serve.lowering.operands import constant_array, is_integer

Fields: TypeAlias = Mapping[str, Any]


def lengths_of(shape: Shape) -> tuple[int | UnknownLength, ...]:
    """Return a shape as a value."""
    return tuple(
        UnknownLength(is_batch=axis == 0) if size is None or axis == 0 else size
        for axis, size in enumerate(shape)
    )


def computed(name: str, args: tuple[Value, ...], fields: Fields) -> Value:
    """Return what an operation makes of values; None where that is not known."""
    compute = COMPUTATIONS.get(name)
    return None if compute is None else compute(args, fields)


def _product(values: tuple[Any, ...]) -> Value:
    """Return a product of lengths, unknown when one of them is; None with the batch in it."""
    if any(isinstance(value, UnknownLength) and value.is_batch for value in values):
        return values[0] if len(values) == 1 else None
    if any(isinstance(value, UnknownLength) for value in values):
        others = (value for value in values if not isinstance(value, UnknownLength))
        return UnknownLength() if all(is_integer(value) and value > 0 for value in others) else None
    return math.prod(values) if all(_is_number(value) for value in values) else None


def _total(args: tuple[Value, ...], fields: Fields) -> Value:
    (values,) = args
    is_row = isinstance(values, tuple) and fields.get("axis") in (None, 0, -1)
    return _product(values) if isinstance(values, tuple) and is_row else None


def _item(args: tuple[Value, ...], fields: Fields) -> Value:
    values, key = args
    if isinstance(key, tuple) and len(key) == 1:
        key = key[0]
    if not isinstance(values, tuple):
        return None
    if is_integer(key):
        return values[key] if -len(values) <= key < len(values) else None
    if not isinstance(key, Slice):
        return None
    parts: list[Any] = [key.start, key.stop, key.step]
    return values[slice(*parts)] if all(p is None or is_integer(p) for p in parts) else None


def _stacked(args: tuple[Value, ...], fields: Fields) -> Value:
    (values,) = args
    is_row = isinstance(values, tuple) and not any(isinstance(item, tuple) for item in values)
    return values if is_row and fields.get("axis") in (None, 0) else None


def _joined(args: tuple[Value, ...], fields: Fields) -> Value:
    (rows,) = args
    if not isinstance(rows, tuple) or fields.get("axis") not in (0, -1):
        return None
    made: tuple[Value, ...] = ()
    for row in rows:
        if not isinstance(row, tuple):
            return None
        made += row
    return made


def _cast(args: tuple[Value, ...], fields: Fields) -> Value:
    value: Any = args[0]
    dtype = str(fields.get("dtype"))
    items = value if isinstance(value, tuple) else (value,)
    if all(is_integer(item) or isinstance(item, UnknownLength) for item in items) and (
        dtype in ("int32", "int64")
    ):
        return args[0]
    if dtype == "bool":
        return _of_numbers(lambda array: (array != 0).astype(np.float32))(args, fields)
    if not _is_number(value):
        return None
    wide = {"float32": float, "float64": float, "int32": int, "int64": int}.get(dtype)
    return None if wide is None else wide(value)


def _row_of_one(args: tuple[Value, ...], fields: Fields) -> Value:
    (value,) = args
    return None if isinstance(value, tuple) or fields.get("axis") not in (0, -1) else (value,)


def _same(args: tuple[Value, ...], fields: Fields) -> Value:
    (value,) = args
    return value


def _of_numbers(compute: Callable[..., Any]) -> Callable[[tuple[Value, ...], Fields], Value]:
    def made(args: tuple[Value, ...], _: Fields) -> Value:
        if any(constant_array(arg) is None for arg in args):
            return None
        return _as_value(np.asarray(compute(*map(np.asarray, args))).tolist())

    return made


def _multiplied(args: tuple[Value, ...], fields: Fields) -> Value:
    if any(isinstance(arg, UnknownLength) for arg in args):
        return _product(args)
    return _of_numbers(operator.mul)(args, fields)


def _as_value(value: Any) -> Value:
    return tuple(map(_as_value, value)) if isinstance(value, list) else value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


COMPUTATIONS: Mapping[str, Callable[[tuple[Value, ...], Fields], Value]] = MappingProxyType(
    {
        **{"Prod": _total, "GetItem": _item, "Stack": _stacked, "Concatenate": _joined},
        **{"Cast": _cast, "ExpandDims": _row_of_one, "Identity": _same, "ConvertToTensor": _same},
        "Multiply": _multiplied,
        **{
            name: _of_numbers(compute)
            for name, compute in {
                **{"Add": operator.add, "Subtract": operator.sub, "Negative": operator.neg},
                **{"FloorDivide": operator.floordiv, "Mod": operator.mod},
                **{"TrueDivide": operator.truediv, "Divide": operator.truediv},
                **{"Maximum": np.maximum, "Minimum": np.minimum, "Absolute": np.abs},
                **{"Sqrt": np.sqrt, "Power": operator.pow},
                "Rsqrt": lambda value: 1 / np.sqrt(value),
            }.items()
        },
    }
)
"""Operation -> its value for values of its operands and its attributes."""
