"""Layers of the companion module, for what no layers of TensorFlow.js compute together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.merging import broadcast
from tfjs_serve.layers_format.catalog.recurrent import GATED
from tfjs_serve.layers_format.catalog.shapes import known, only_input
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

GRU = "TfjsServeGRU"
"""Without an underscore, which tfjs would take out of a class name (utils/generic_utils.ts)."""

OPERATION = "TfjsServeOperation"

ELEMENTWISE: Mapping[str, int] = MappingProxyType(
    {
        **dict.fromkeys(("arccos", "arccosh", "arcsin", "arcsinh", "arctan", "arctanh"), 1),
        **dict.fromkeys(("ceil", "cos", "cosh", "erf", "floor", "log", "log1p"), 1),
        **dict.fromkeys(("round", "rsqrt", "sin", "sinh", "sqrt", "tan"), 1),
        **{"arctan2": 2, "power": 2, "where": 3},
    }
)
"""Operations of keras.ops that keep the shape of their arguments -> how many those are.

In lower case: tfjs turns the case of all strings when it saves a model (serialization_utils.ts).
"""

REDUCTIONS = frozenset({"argmax", "argmin", "prod"})
"""Operations that leave out axes, or keep them with length 1."""


def _gru(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    batch, steps, _ = sequence = only_input(shapes[:1], 3)
    known(sequence, 2, "number of features")
    states = shapes[1:-1] if config["has_mask"] else shapes[1:]
    if len(states) > 1 or any(shape[1:] != (config["units"],) for shape in states):
        given = ", ".join(map(str, states))
        raise ShapeError(f"needs one state of {config['units']} units, got {given}")
    if config["has_mask"] and (len(shapes) < 2 or len(shapes[-1]) != 2):
        raise ShapeError(f"needs a mask of rank 2 with the batch axis, got {shapes[-1]}")
    state: Shape = (batch, config["units"])
    output = (batch, steps, config["units"]) if config["return_sequences"] else state
    return (output, state) if config["return_state"] else (output,)


def _gru_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    features = known(only_input(shapes[:1], 3), 2, "number of features")
    width = 3 * config["units"]
    kernels = (
        ExpectedWeight("kernel", (features, width)),
        ExpectedWeight("recurrent_kernel", (config["units"], width)),
    )
    return (*kernels, ExpectedWeight("bias", (2, width))) if config["use_bias"] else kernels


def _operation(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    name, axes = config["operation"], config["axes"]
    if config["constants"].count(None) != len(shapes):
        raise ShapeError(f"takes {config['constants'].count(None)} tensors, got {len(shapes)}")
    if name in ELEMENTWISE:
        fixed = [_constant_shape(value) for value in config["constants"] if value is not None]
        return (reduce(broadcast, [*shapes, *fixed]),)
    shape = only_input(shapes)
    lengths = ((1 if axis in axes else length) for axis, length in enumerate(shape))
    kept = (length for axis, length in enumerate(shape) if axis not in axes)
    return (tuple(lengths if config["keepdims"] else kept),)


def _constant_shape(value: Any) -> Shape:
    """Return the shape of a number or of nested lists; ShapeError where they are ragged."""
    if not isinstance(value, list | tuple):
        return ()
    inner = {_constant_shape(item) for item in value}
    if len(inner) != 1:
        raise ShapeError("needs constants of one shape")
    return (len(value), *inner.pop())


def _are_constants(value: Any) -> bool:
    return fields.is_sequence(value, lambda item: item is None or _is_constant(item))


def _is_constant(value: Any) -> bool:
    return fields.is_number(value) or (fields.is_sequence(value, _is_constant) and len(value) > 0)


def _are_axes(value: Any) -> bool:
    return value is None or fields.is_sequence(value, fields.is_positive)


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        # Called on the sequence, then the state if there is one, then the mask if there is one.
        GRU: LayerSpec(
            source="companion/layers.js",
            fields={
                "units": fields.positive(),
                **GATED,
                "reset_after": fields.only(True),
                "stateful": fields.only(False),
                "zero_output_for_mask": fields.flag(False),
                # The last input is a mask [batch, T] of zeros and ones.
                "has_mask": fields.flag(False),
                # Sequences come back in the other order than they were worked through.
                "is_turned": fields.flag(False),
            },
            output_shapes=_gru,
            weights=_gru_weights,
            inputs=(1, 3),
            needs_companion=True,
        ),
        OPERATION: LayerSpec(
            source="companion/layers.js",
            fields={
                "operation": fields.choice(*ELEMENTWISE, *sorted(REDUCTIONS)),
                # The arguments in order, null for each that is a tensor.
                "constants": Field(_are_constants, "numbers, or null for tensors"),
                "axes": Field(_are_axes, "axes behind the batch axis, or null", None),
                "keepdims": fields.flag(False),
            },
            output_shapes=_operation,
            inputs=(1, 3),
            needs_companion=True,
        ),
    }
)
