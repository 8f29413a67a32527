"""Operations that are put together of simpler ones become those.

Before: keras.ops.Where (c, x, y), keras.ops.Var {"axis": -1} (x), keras.ops.Logsumexp (x)
After:  c * x + (1 - c) * y,       the mean of (x - mean)^2,       max(x) - max(log_softmax(x))

Formulas that stay exact where others lose digits: 1 + x + ... never stands for e^x - 1 (`Expm1`,
which is elu(x) below 0 and -elu(-x) e^x above), and no large number is taken from another. A length
is the product of a vector with itself made a unit vector: no layer of tfjs takes a root.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.asked import SELECT, Asked, Compose
from tfjs_serve.lowering.calculations import CALCULATIONS
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import axes_of, constant_array, known_shape, operation
from tfjs_serve.lowering.ordering import ORDERING
from tfjs_serve.lowering.pieces import PIECES
from tfjs_serve.lowering.tensor_parts import length
from tfjs_serve.rewriting.rule import Context, Lowering


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Write an operation with simpler ones."""
    name = operation(layer)
    compose = COMPOSITIONS.get(name or "")
    (call,) = layer.calls or (None,)
    if compose is None or call is None or not call.args:
        return None
    fields = {**layer.config, **call.kwargs}
    asked = Asked(call.args, fields, tuple(map(known_shape, context.shapes)))
    composer = Composer(layer)
    made = compose(composer, asked)
    if made is None:
        return None
    return composer.several(*made) if isinstance(made, tuple) else composer.done(made)


def _where(to: Composer, asked: Asked) -> TensorRef | None:
    if len(asked.args) != 3 or asked.fields.get(SELECT):
        return None
    chosen = to.op("Cast", asked.x, dtype="bool")
    other = to.op("LogicalNot", chosen)
    return to.op(
        "Add", to.op("Multiply", chosen, asked.args[1]), to.op("Multiply", other, asked.args[2])
    )


def _squared_difference(to: Composer, asked: Asked) -> TensorRef | None:
    return to.op("Square", to.op("Subtract", *asked.args))


def _centered(to: Composer, asked: Asked) -> TensorRef:
    mean = to.op("Mean", asked.x, **{**asked.over, "keepdims": True})
    return to.op("Subtract", asked.x, mean)


def _variance(to: Composer, asked: Asked) -> TensorRef:
    return to.op("Mean", to.op("Square", _centered(to, asked)), **asked.over)


def _deviation(to: Composer, asked: Asked) -> TensorRef | None:
    axes = axes_of(asked.fields.get("axis"), len(asked.shape))
    count = length(tuple(asked.shape[axis] for axis in axes))
    if count is None:
        return to.op("Sqrt", _variance(to, asked))
    norm = _length(to, _centered(to, asked), axes, asked.over)
    return to.op("Multiply", norm, 1 / math.sqrt(count))


def _norm(to: Composer, asked: Asked) -> TensorRef | None:
    if asked.fields.get("ord") not in (None, 2, "euclidean"):
        raise ShapeError(f"takes a norm of order {asked.fields['ord']!r}")
    axes = axes_of(asked.fields.get("axis"), len(asked.shape))
    if len(axes) > 1 and asked.fields.get("ord") == 2:
        raise ShapeError("takes the spectral norm of matrices")
    return _length(to, asked.x, axes, asked.over)


def _length(
    to: Composer, x: TensorRef, axes: tuple[int, ...], over: Mapping[str, Any]
) -> TensorRef:
    """Return the length of vectors along axes."""
    unit = to.layer("UnitNormalization", x, axis=list(axes))
    return to.op("Sum", to.op("Multiply", x, unit), **over)


def _normalize(to: Composer, asked: Asked) -> TensorRef | None:
    if asked.fields.get("order", 2) != 2:
        raise ShapeError(f"normalizes by order {asked.fields['order']!r}")
    axes = axes_of(asked.fields.get("axis", -1), len(asked.shape))
    return to.layer("UnitNormalization", asked.x, axis=list(axes))


def _log_sum_exp(to: Composer, asked: Asked) -> TensorRef | None:
    axis, *others = axes_of(asked.fields.get("axis"), len(asked.shape))
    if others:
        inner = to.op("Logsumexp", asked.x, axis=others, keepdims=True)
        outer = to.op("Logsumexp", inner, axis=axis, keepdims=True)
        is_kept = asked.fields.get("keepdims")
        return outer if is_kept else to.op("Squeeze", outer, axis=[axis, *others])
    highest = to.op("Max", asked.x, **asked.over)
    share = to.op("Max", to.op("LogSoftmax", asked.x, axis=axis), **asked.over)
    return to.op("Subtract", highest, share)


def _log_add_exp(to: Composer, asked: Asked) -> TensorRef | None:
    apart = to.op("Absolute", to.op("Subtract", *asked.args))
    rest = to.op("Softplus", to.op("Negative", apart))
    return to.op("Add", to.op("Maximum", *asked.args), rest)


def _expm1(to: Composer, asked: Asked) -> TensorRef | None:
    x = asked.x
    above, below = to.op("Relu", x), to.op("Relu", to.op("Negative", x))
    small = to.op("Elu", to.op("Negative", below), alpha=1.0)
    falling = to.op("Elu", to.op("Negative", above), alpha=1.0)
    grown = to.op("Multiply", to.op("Negative", falling), to.op("Exp", above))
    return to.op("Add", small, grown)


def _sign(to: Composer, asked: Asked) -> TensorRef | None:
    return to.op("Subtract", to.op("Greater", asked.x, 0), to.op("Less", asked.x, 0))


def _xor(to: Composer, asked: Asked) -> TensorRef | None:
    one, other = (to.op("Cast", arg, dtype="bool") for arg in asked.args)
    return to.op("Absolute", to.op("Subtract", one, other))


def _power(to: Composer, asked: Asked) -> TensorRef | None:
    base, exponent = asked.args
    if isinstance(base, int | float) and base > 0 and isinstance(exponent, TensorRef):
        return to.op("Exp", to.op("Multiply", exponent, math.log(base)))
    if not isinstance(base, TensorRef) or not isinstance(exponent, int | float):
        return None
    if exponent == 0:
        return to.op("OnesLike", base)
    if exponent not in range(-8, 0):
        return None
    return to.op("Reciprocal", to.op("Power", base, -int(exponent)))


def _extreme(name: str, bound: str) -> Compose:
    def composed(to: Composer, asked: Asked) -> TensorRef | None:
        initial = asked.fields.get("initial")
        if not is_number(initial):
            return None
        return to.op(bound, to.op(name, asked.x, **asked.over), initial)

    return composed


def _product(to: Composer, asked: Asked) -> TensorRef | None:
    axis, *others = axes_of(asked.fields.get("axis"), len(asked.shape))
    size = asked.shape[axis]
    if size is None or others:
        return None
    pieces = to.op("Unstack", asked.x, axis=axis)
    made = pieces
    for index in range(1, size):
        made = to.op("Multiply", made, TensorRef(pieces.layer, 0, index))
    return to.op("ExpandDims", made, axis=axis) if asked.fields.get("keepdims") else made


def _full(to: Composer, asked: Asked) -> TensorRef | None:
    value = asked.args[1] if len(asked.args) > 1 else asked.fields.get("fill_value")
    if constant_array(value) is None:
        return None
    if asked.fields.get("dtype") not in (None, "float32"):
        value = to.op("Cast", value, dtype=asked.fields["dtype"])
    return to.op("Add", to.op("ZerosLike", asked.x), value)


def _layer_norm(to: Composer, asked: Asked) -> TensorRef | None:
    if asked.fields.get("rms_scaling"):
        return None
    axes = axes_of(asked.fields.get("axis", -1), len(asked.shape))
    if list(axes) != [len(asked.shape) - 1]:
        return None  # gamma and beta would be reshaped to other axes than the last
    rest = dict(zip(("gamma", "beta"), asked.args[1:], strict=False)) | dict(asked.fields)
    flags = {"center": False, "scale": False, "epsilon": asked.fields.get("epsilon") or 1e-7}
    made = to.layer("LayerNormalization", asked.x, axis=list(axes), **flags)
    for name, role in (("Multiply", "gamma"), ("Add", "beta")):
        if rest.get(role) is not None:
            made = to.op(name, made, rest[role])
    return made


def _batch_flatten(to: Composer, asked: Asked) -> TensorRef | None:
    return to.layer("Flatten", asked.x)


COMPOSITIONS: Mapping[str, Compose] = MappingProxyType(
    {
        **{"Where": _where, "SquaredDifference": _squared_difference, "Var": _variance},
        **{"Std": _deviation, "Norm": _norm, "Normalize": _normalize, "Sign": _sign},
        **{"Logsumexp": _log_sum_exp, "Logaddexp": _log_add_exp, "Expm1": _expm1},
        **{"LogicalXor": _xor, "Power": _power, "Prod": _product, "FullLike": _full},
        **{"Max": _extreme("Max", "Maximum"), "Min": _extreme("Min", "Minimum")},
        **{"BatchFlatten": _batch_flatten, "LayerNorm": _layer_norm},
        **CALCULATIONS,
        **ORDERING,
        **PIECES,
    }
)
