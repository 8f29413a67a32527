"""Operations that are a short calculation by simpler ones, element by element or over axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from tfjs_serve.graph import TensorRef, Value
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.asked import SELECT, Asked, Compose
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import axes_of, constant_array, plain_number

LARGEST = 3.4028234663852886e38
"""The largest number of float32."""

GRAY = ((0.2989,), (0.587,), (0.114,))
"""Shares of red, green and blue (keras/src/backend/tensorflow/image.py, rgb_to_grayscale)."""


def _of(calculate: Callable[..., TensorRef]) -> Compose:
    """Return a calculation on the operands alone."""
    return lambda to, asked: calculate(to, *asked.args)


def _isclose(to: Composer, asked: Asked) -> TensorRef:
    names = ("rtol", "atol")
    given = dict(zip(names, asked.args[2:], strict=False))
    relative: Any
    absolute: Any
    relative, absolute = (given.get(name, asked.fields.get(name)) for name in names)
    if not is_number(relative) or not is_number(absolute) or asked.fields.get("equal_nan"):
        raise ShapeError(f"compares by {relative!r} and {absolute!r}, NaN with NaN perhaps")
    apart = to.op("Absolute", to.op("Subtract", *asked.args[:2]))
    allowed = to.op("Multiply", to.op("Absolute", asked.args[1]), relative)
    return to.op("LessEqual", apart, to.op("Add", allowed, absolute))


def _as_value(value: Any) -> Value:
    return tuple(map(_as_value, value)) if isinstance(value, list) else value


def _rounded(to: Composer, asked: Asked) -> TensorRef | None:
    decimals = asked.fields.get("decimals", 0)
    if not decimals:
        return None
    factor = 10.0**decimals
    return to.op("TrueDivide", to.op("Round", to.op("Multiply", asked.x, factor)), factor)


def _as_number(value: Value) -> Value:
    if isinstance(value, tuple):
        return tuple(map(_as_number, value))
    return float(value) if isinstance(value, bool) else value


def _with_itself(*, is_equal: bool) -> Compose:
    """Return what is no number where a tensor is compared with itself: all else is the same."""

    def composed(to: Composer, asked: Asked) -> TensorRef | None:
        if len(asked.args) != 2 or asked.args[0] != asked.args[1]:
            return None
        odd = to.op("Isnan", asked.x)
        return to.op("LogicalNot", odd) if is_equal else odd

    return composed


def _truth_with(name: str) -> Compose:
    """Return a truth value with a constant: of the tensor alone, or always the same."""

    def composed(to: Composer, asked: Asked) -> TensorRef | None:
        constants = [value for value in asked.args if not isinstance(value, TensorRef)]
        array = None
        if len(constants) == 1 == len(asked.shapes):
            array = constant_array(_as_number(constants[0]))
        if array is None:
            return None
        (x,) = (value for value in asked.args if isinstance(value, TensorRef))
        truth = plain_number(array != 0)
        return to.op(name, to.op("Cast", x, dtype="bool"), _as_value(truth))

    return composed


def _without_nan(name: str, value: float) -> Compose:
    def composed(to: Composer, asked: Asked) -> TensorRef:
        return to.op(name, _filled(to, asked.x, "Isnan", value), **asked.fields)

    return composed


def _filled(to: Composer, x: TensorRef, where: str, value: Value) -> TensorRef:
    return to.op("Where", to.op(where, x), value, x, **{SELECT: True})


def _nan_to_num(to: Composer, asked: Asked) -> TensorRef:
    made = asked.x
    for where, name, default in (
        ("Isnan", "nan", 0.0),
        ("Isposinf", "posinf", LARGEST),
        ("Isneginf", "neginf", -LARGEST),
    ):
        value = asked.fields.get(name)
        made = _filled(to, made, where, default if value is None else value)
    return made


def _nan_mean(to: Composer, asked: Asked) -> TensorRef:
    axes_of(asked.fields.get("axis"), len(asked.shape))
    return _mean_of_numbers(to, asked.x, asked.x, asked.over)


def _mean_of_numbers(
    to: Composer, x: TensorRef, given: TensorRef, over: Mapping[str, Any]
) -> TensorRef:
    """Return the mean of x where `given` is a number."""
    total = to.op("Nansum", x, **over)
    count = to.op("Sum", to.op("LogicalNot", to.op("Isnan", given)), **over)
    return to.op("Quotient", total, count)


def _nan_variance(to: Composer, asked: Asked) -> TensorRef:
    axes_of(asked.fields.get("axis"), len(asked.shape))
    mean = _mean_of_numbers(to, asked.x, asked.x, {**asked.over, "keepdims": True})
    apart = to.op("SquaredDifference", asked.x, mean)
    return _mean_of_numbers(to, apart, asked.x, asked.over)


def _gray(to: Composer, asked: Asked) -> TensorRef:
    if len(asked.shape) != 4:
        raise ShapeError(f"takes a batch of images, got {asked.shape}")
    if asked.fields.get("data_format") == "channels_first":
        last = to.op("Moveaxis", asked.x, source=1, destination=3)
        return to.op("Moveaxis", to.op("Matmul", last, GRAY), source=3, destination=1)
    return to.op("Matmul", asked.x, GRAY)


def _crelu(to: Composer, asked: Asked) -> TensorRef:
    halves = to.op("Relu", asked.x), to.op("Relu", to.op("Negative", asked.x))
    return to.op("Concatenate", halves, axis=asked.axis())


def _root_mean_square(to: Composer, asked: Asked) -> TensorRef:
    scale = asked.args[1] if len(asked.args) > 1 else asked.fields.get("scale")
    if scale is not None:
        raise ShapeError("scales by a tensor of its own")
    axes = axes_of(asked.fields.get("axis", -1), len(asked.shape))
    epsilon, new = asked.fields.get("epsilon") or 1e-7, len(asked.shape)
    # The mean of x and -x is 0 and their variance the mean square of x.
    pair = to.op("Stack", (asked.x, to.op("Negative", asked.x)), axis=new)
    flags = {"center": False, "scale": False, "epsilon": epsilon}
    normal = to.layer("LayerNormalization", pair, axis=[*axes, new], **flags)
    return to.op("GetItem", normal, (..., 0))


ELEMENTWISE: Mapping[str, Callable[..., TensorRef]] = MappingProxyType(
    {
        "Angle": lambda to, x: to.op("Multiply", to.op("Less", x, 0), math.pi),
        "Deg2rad": lambda to, x: to.op("Multiply", x, math.pi / 180),
        "Exp2": lambda to, x: to.op("Power", 2.0, x),
        "Fabs": lambda to, x: to.op("Absolute", x),
        "Heaviside": lambda to, x, middle: to.op(
            "Add", to.op("Greater", x, 0), to.op("Multiply", to.op("Equal", x, 0), middle)
        ),
        "Imag": lambda to, x: to.op("ZerosLike", x),
        "Isreal": lambda to, x: to.op("OnesLike", x),
        "Logaddexp2": lambda to, x, y: to.op(
            "Multiply",
            to.op("Logaddexp", *(to.op("Multiply", z, math.log(2)) for z in (x, y))),
            1 / math.log(2),
        ),
        "Rad2deg": lambda to, x: to.op("Multiply", x, 180 / math.pi),
        "ReciprocalNoNan": lambda to, x: to.op("DivideNoNan", 1.0, x),
    }
)
"""Operation -> a calculation on its operands alone."""


def _count_nonzero(to: Composer, asked: Asked) -> TensorRef:
    if asked.fields.get("dtype") not in (None, "int32", "int64"):
        raise ShapeError(f"counts in {asked.fields['dtype']!r}")
    return to.op("Sum", to.op("NotEqual", asked.x, 0), **asked.over)


CALCULATIONS: Mapping[str, Compose] = MappingProxyType(
    {
        **{name: _of(calculate) for name, calculate in ELEMENTWISE.items()},
        **{"Isclose": _isclose, "Round": _rounded, "NanToNum": _nan_to_num, "Crelu": _crelu},
        **{"LogicalAnd": _truth_with("Minimum"), "LogicalOr": _truth_with("Maximum")},
        **{"Equal": _with_itself(is_equal=True), "NotEqual": _with_itself(is_equal=False)},
        "CountNonzero": _count_nonzero,
        "Ptp": lambda to, asked: to.op(
            "Subtract", *(to.op(name, asked.x, **asked.over) for name in ("Max", "Min"))
        ),
        **{
            f"Nan{name.lower()}": _without_nan(name, value)
            for name, value in {"Sum": 0.0, "Prod": 1.0, "Cumsum": 0.0, "Cumprod": 1.0}.items()
        },
        **{"Nanmean": _nan_mean, "Nanvar": _nan_variance},
        "Nanstd": lambda to, asked: to.op("Sqrt", _nan_variance(to, asked)),
        **{"RGBToGrayscale": _gray, "RMSNorm": _root_mean_square},
    }
)
"""Operation -> how it is put together of others."""
