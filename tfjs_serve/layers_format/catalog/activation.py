"""Activations that are layers of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.core import same_shape
from tfjs_serve.layers_format.catalog.shapes import known, only_input
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

_SOURCE = "layers/advanced_activations.ts"


def _softmax(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes)
    axis = config["axis"]
    # core's softmax spells out -1 and throws for any other axis than the last.
    if len(shape) < 2 or axis not in (-1, len(shape) - 1):
        raise ShapeError(f"needs the last axis, got axis {axis} of input {shape}")
    return (shape,)


def _alpha(config: Config, shapes: Sequence[Shape]) -> tuple[int, ...]:
    shape = only_input(shapes)
    axes = config["shared_axes"]
    shared = {axes} if isinstance(axes, int) else set(axes or ())
    # The wasm backend repeats alpha over the leading axes and knows no other broadcast.
    if shared != set(range(1, len(shared) + 1)) or len(shared) >= len(shape):
        raise ShapeError(f"needs the first axes to be shared, got {sorted(shared)} of {shape}")
    return tuple(
        1 if axis in shared else known(shape, axis, "length of every axis that is not shared")
        for axis in range(1, len(shape))
    )


def _prelu(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    _alpha(config, shapes)
    return (only_input(shapes),)


def _prelu_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    return (ExpectedWeight("alpha", _alpha(config, shapes)),)


def _is_axes(value: Any) -> bool:
    return (
        value is None or fields.is_positive(value) or fields.is_sequence(value, fields.is_positive)
    )


_LIMIT = fields.non_negative()

LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "ReLU": LayerSpec(
            source=_SOURCE,
            fields={
                "max_value": Field(
                    lambda value: value is None or _LIMIT.accepts(value),
                    f"null or {_LIMIT.expected}",
                    None,
                ),
                "negative_slope": fields.only(0),
                "threshold": fields.only(0),
            },
            output_shapes=same_shape,
        ),
        "LeakyReLU": LayerSpec(
            source=_SOURCE,
            fields={"alpha": fields.non_negative(0.3)},
            output_shapes=same_shape,
        ),
        "ELU": LayerSpec(
            source=_SOURCE,
            fields={"alpha": fields.only(1, is_read=True)},
            output_shapes=same_shape,
        ),
        "PReLU": LayerSpec(
            source=_SOURCE,
            fields={
                **fields.weight("alpha", "zeros"),
                "shared_axes": Field(_is_axes, "null or whole numbers above 0", None),
            },
            output_shapes=_prelu,
            weights=_prelu_weights,
        ),
        "ThresholdedReLU": LayerSpec(
            source=_SOURCE,
            fields={"theta": fields.non_negative(1.0)},
            output_shapes=same_shape,
        ),
        "Softmax": LayerSpec(
            source=_SOURCE,
            # The default of tfjs is 1.
            fields={"axis": Field(fields.is_integer, "one axis", -1)},
            output_shapes=_softmax,
        ),
    }
)
