"""Batch and layer normalization."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.shapes import known, only_input
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    Shape,
    ShapeError,
)

_SOURCE = "layers/normalization.ts"


def _batch_axis(config: Config, shape: Shape) -> int:
    axis = config["axis"]
    last = len(shape) - 1
    if (axis if isinstance(axis, int) else axis[0]) not in (-1, last):
        # The cpu and wasm backends give other numbers (tfjs-backend-cpu, BatchNorm.ts).
        raise ShapeError(f"needs the last axis, got axis {axis} of input {shape}")
    return last


def _batch(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, 2, 3, 4)
    known(shape, _batch_axis(config, shape), "number of channels")
    return (shape,)


def _batch_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    shape = only_input(shapes, 2, 3, 4)
    channels = (known(shape, _batch_axis(config, shape), "number of channels"),)
    return (
        *_affine(config, channels),
        ExpectedWeight("moving_mean", channels, is_trainable=False),
        ExpectedWeight("moving_variance", channels, is_trainable=False),
    )


def _layer_axes(config: Config, shape: Shape) -> tuple[int, ...]:
    axis = config["axis"]
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    found = tuple(item + len(shape) if item < 0 else item for item in axes)
    if len(set(found)) != len(found) or not all(0 < item < len(shape) for item in found):
        raise ShapeError(f"cannot normalize axes {axes} of input {shape}")
    return found


def _layer(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, 2, 3, 4)
    axes = _layer_axes(config, shape)
    for axis in axes if config["scale"] or config["center"] else ():
        known(shape, axis, "length of every normalized axis")
    return (shape,)


def _layer_weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
    shape = only_input(shapes, 2, 3, 4)
    axes = _layer_axes(config, shape)
    if not config["scale"] and not config["center"]:
        return ()  # any length will do
    return _affine(
        config, tuple(known(shape, axis, "length of every normalized axis") for axis in axes)
    )


def _affine(config: Config, shape: tuple[int, ...]) -> tuple[ExpectedWeight, ...]:
    names = {"gamma": config["scale"], "beta": config["center"]}
    return tuple(ExpectedWeight(name, shape) for name, is_there in names.items() if is_there)


def _is_axis(value: Any) -> bool:
    # JavaScript takes [3] for 3 wherever tfjs uses the axis, but adds to [-1] as to a string.
    return fields.is_integer(value) or fields.is_sequence(value, fields.is_natural, 1)


def _is_axes(value: Any) -> bool:
    return fields.is_integer(value) or (
        fields.is_sequence(value, fields.is_integer) and len(value) > 0
    )


def _common(*, has_constraint: bool) -> dict[str, Field]:
    return {
        "epsilon": fields.non_negative(1e-3),
        "center": fields.flag(True),
        "scale": fields.flag(True),
        **fields.weight("beta", "zeros", has_constraint=has_constraint),
        **fields.weight("gamma", "ones", has_constraint=has_constraint),
        **fields.ACTIVITY,
    }


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "BatchNormalization": LayerSpec(
            source=_SOURCE,
            fields={
                "axis": Field(_is_axis, "a whole number", -1),
                "momentum": fields.number(0.99),
                **_common(has_constraint=True),
                "moving_mean_initializer": fields.initializer("zeros"),
                "moving_variance_initializer": fields.initializer("ones"),
                "renorm": fields.only(False),
                "renorm_clipping": fields.anything(),
                "renorm_momentum": fields.anything(),
                "virtual_batch_size": fields.only(None),
                "adjustment": fields.only(None),
                "fused": fields.anything(),
                "synchronized": fields.anything(),
                # Keras 1: 1 and 2 use the statistics of the batch or of each sample.
                "mode": fields.only(0),
            },
            output_shapes=_batch,
            weights=_batch_weights,
        ),
        "LayerNormalization": LayerSpec(
            source=_SOURCE,
            fields={
                "axis": Field(_is_axes, "a whole number or a list of them", -1),
                **_common(has_constraint=False),
                "rms_scaling": fields.only(False),
            },
            output_shapes=_layer,
            weights=_layer_weights,
        ),
    }
)
