"""Operations that no layers of TensorFlow.js compute are left to the companion module.

Before: keras.ops.Power (x, 0.5), keras.ops.Argmax {"axis": -1} (x)
After:  TfjsServeOperation {"operation": "power", "constants": [null, 0.5]} (x),
        TfjsServeOperation {"operation": "argmax", "constants": [null], "axes": [2]} (x)

The catalog lists them by what they do to shapes: they work element by element, leave out axes, put
an axis in another order, or take elements of an axis by the indices in another tensor.
Indices are numbers, as everywhere in the result. The batch axis is no axis to work on.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.layers_format.catalog.companion import (
    ELEMENTWISE,
    OPERATION,
    PICKINGS,
    REDUCTIONS,
    REORDERINGS,
)
from tfjs_serve.lowering.operands import (
    axes_of,
    axis_of,
    constant_array,
    known_shape,
    operands,
    operation,
    plain_number,
)
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

SINGLE = frozenset({"argmax", "argmin"}) | REORDERINGS | PICKINGS
"""Operations along one axis."""

FIXED = {"decimals": 0, "exclusive": False, "initial": None, "reverse": False}
"""Attributes that change what is computed, at the value they must have."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Hand an operation on, with its constants and axes."""
    name, args = (operation(layer) or "").lower(), operands(layer)
    if not args or len(args) != _arguments(name):
        return None
    for attribute, value in FIXED.items():
        if layer.config.get(attribute, value) != value:
            return not_supported(layer, f"{attribute} = {layer.config[attribute]!r}")
    inputs = tuple(arg for arg in args if isinstance(arg, TensorRef))
    constants: list[Any] = []
    for arg in args:
        array = None if isinstance(arg, TensorRef) else constant_array(arg)
        if array is None and not isinstance(arg, TensorRef):
            return None
        constants.append(None if array is None else plain_number(array))
    config: dict[str, Any] = {"operation": name, "constants": constants}
    if name not in ELEMENTWISE:
        rank = len(known_shape(context.shapes[0]))
        axis = layer.config.get("axis")
        axes = (axis_of(axis, rank),) if name in SINGLE else axes_of(axis, rank)
        config |= {"axes": list(axes), "keepdims": bool(layer.config.get("keepdims"))}
    elif len({len(known_shape(shape)) for shape in context.shapes}) > 1:
        return not_supported(layer, "tensors of different ranks")
    call = Call(inputs if len(inputs) == 1 else (inputs,))
    return Rewrite(replace(layer, class_name=OPERATION, config=config, calls=(call,)))


def _arguments(name: str) -> int | None:
    """Return how many arguments an operation has; None for one of another rule."""
    along = {**dict.fromkeys(REDUCTIONS | REORDERINGS, 1), **dict.fromkeys(PICKINGS, 2)}
    return ELEMENTWISE.get(name) or along.get(name)
