"""Pooling, padding, cropping and upsampling: layers that only change spatial axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.shapes import (
    channel_axis,
    conv_length,
    known,
    only_input,
    per_axis,
    refuse_negative_padding,
    replaced,
    spatial_axes,
)
from tfjs_serve.layers_format.catalog.spec import (
    REQUIRED,
    Config,
    Field,
    LayerSpec,
    OutputShapes,
    Shape,
    ShapeError,
)

_SOURCE = "layers/pooling.ts"
# The 1D layers of tfjs read no data_format and take the channels to be last.
_LAST: Mapping[str, str] = {"data_format": "channels_last"}


def _pools(axes: int) -> OutputShapes:
    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = only_input(shapes, axes + 2)
        windows = per_axis(config, "pool_size", axes)
        strides = windows if config["strides"] is None else per_axis(config, "strides", axes)
        sides = spatial_axes({**_LAST, **config}, len(shape))
        if axes == 3:
            found = [shape[side] for side in sides]
            refuse_negative_padding(found, windows, config["padding"], strides, (1,) * axes)
        lengths = {
            side: conv_length(shape[side], window, config["padding"], stride)
            for side, window, stride in zip(sides, windows, strides, strict=True)
        }
        return (replaced(shape, lengths),)

    return output_shapes


def _pools_all(axes: int) -> OutputShapes:
    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = only_input(shapes, axes + 2)
        return ((shape[0], shape[channel_axis({**_LAST, **config}, len(shape))]),)

    return output_shapes


def _zero_padding(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, 4)
    lengths: dict[int, int | None] = {}
    for axis, pair in zip(spatial_axes(config, 4), _pairs(config["padding"]), strict=True):
        length = shape[axis]
        lengths[axis] = None if length is None else length + sum(pair)
    return (replaced(shape, lengths),)


def _cropping(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, 4)
    lengths: dict[int, int | None] = {}
    for axis, pair in zip(spatial_axes(config, 4), _pairs(config["cropping"]), strict=True):
        # tfjs subtracts from null and declares a length of 0 or below, which later layers read.
        length = known(shape, axis, "height and width")
        if length <= sum(pair):
            raise ShapeError(f"cannot crop {pair} off an axis of {length}")
        lengths[axis] = length - sum(pair)
    return (replaced(shape, lengths),)


def _up_sampling(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
    shape = only_input(shapes, 4)
    lengths: dict[int, int | None] = {}
    for axis, factor in zip(spatial_axes(config, 4), config["size"], strict=True):
        length = shape[axis]
        lengths[axis] = None if length is None else length * factor
    return (replaced(shape, lengths),)


def _pairs(value: Any) -> tuple[tuple[int, int], ...]:
    """Return ((top, bottom), (left, right)) of any of the three spellings."""
    sides = (value, value) if isinstance(value, int) else value
    return tuple((side, side) if isinstance(side, int) else tuple(side) for side in sides)


def _is_border(value: Any) -> bool:
    return (
        fields.is_natural(value)
        or fields.is_sequence(value, fields.is_natural, 2)
        or fields.is_sequence(value, lambda item: fields.is_sequence(item, fields.is_natural, 2), 2)
    )


def _pooling(axes: int) -> LayerSpec:
    strides = fields.window(axes)
    return LayerSpec(
        source=_SOURCE,
        fields={
            "pool_size": fields.window(axes, (2,) * axes),
            "strides": Field(
                lambda value: value is None or strides.accepts(value),
                f"null, {strides.expected}",
                None,
            ),
            "padding": fields.padding(),
            "data_format": fields.only("channels_last") if axes == 1 else fields.data_format(),
        },
        output_shapes=_pools(axes),
    )


def _global_pooling(axes: int) -> LayerSpec:
    return LayerSpec(
        source=_SOURCE,
        fields={
            "data_format": fields.only("channels_last") if axes == 1 else fields.data_format(),
            "keepdims": fields.only(False),
        },
        output_shapes=_pools_all(axes),
    )


_BORDER = Field(_is_border, "a whole number not below 0, a list of 2, or 2 lists of 2", REQUIRED)

LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        "MaxPooling1D": _pooling(1),
        "MaxPooling2D": _pooling(2),
        # No MaxPooling3D: the wasm backend computes it wrongly.
        "AveragePooling1D": _pooling(1),
        "AveragePooling2D": _pooling(2),
        "AveragePooling3D": _pooling(3),
        "GlobalAveragePooling1D": _global_pooling(1),
        "GlobalAveragePooling2D": _global_pooling(2),
        "GlobalMaxPooling1D": _global_pooling(1),
        "GlobalMaxPooling2D": _global_pooling(2),
        "ZeroPadding2D": LayerSpec(
            source="layers/padding.ts",
            fields={"padding": _BORDER, "data_format": fields.data_format()},
            output_shapes=_zero_padding,
        ),
        "Cropping2D": LayerSpec(
            source="layers/convolutional.ts",
            fields={"cropping": _BORDER, "data_format": fields.data_format()},
            output_shapes=_cropping,
        ),
        "UpSampling2D": LayerSpec(
            source="layers/convolutional.ts",
            fields={
                # A bare number would be indexed as if it were a list.
                "size": Field(
                    lambda value: fields.is_sequence(value, fields.is_positive, 2),
                    "a list of 2 whole numbers above 0",
                ),
                "data_format": fields.data_format(),
                # Bilinear is aligned to corners in tfjs and to half pixels in Keras.
                "interpolation": fields.only("nearest", is_read=True),
            },
            output_shapes=_up_sampling,
        ),
    }
)
