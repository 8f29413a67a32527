"""Convolutions, plain, transposed, depthwise and separable."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.shapes import (
    channel_axis,
    conv_lengths,
    deconv_length,
    known,
    only_input,
    per_axis,
    refuse_negative_padding,
    replaced,
    spatial_axes,
)
from tfjs_serve.layers_format.catalog.spec import (
    Config,
    ExpectedWeight,
    Field,
    LayerSpec,
    OutputShapes,
    Shape,
    Weights,
)

_SOURCE = "layers/convolutional.ts"

_Kernels = Callable[[Config, tuple[int, ...], int], tuple[ExpectedWeight, ...]]
_Filters = Callable[[Config, int], int]


def _channels(config: Config, shape: Shape) -> int:
    return known(shape, channel_axis(config, len(shape)), "number of channels")


def _filters(config: Config, channels: int) -> int:
    return int(config["filters"])


def _multiplied(config: Config, channels: int) -> int:
    return channels * int(config["depth_multiplier"])


def _slides(axes: int, filters: _Filters = _filters) -> OutputShapes:
    """Return the shape rule of a convolution over `axes` spatial axes."""

    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = only_input(shapes, axes + 2)
        sides = spatial_axes(config, len(shape))
        made = conv_lengths(
            [shape[side] for side in sides],
            per_axis(config, "kernel_size", axes),
            config["padding"],
            per_axis(config, "strides", axes),
            # DepthwiseConv2D reads no dilation.
            per_axis({"dilation_rate": 1, **config}, "dilation_rate", axes),
        )
        lengths = dict(zip(sides, made, strict=True))
        lengths[channel_axis(config, len(shape))] = filters(config, _channels(config, shape))
        return (replaced(shape, lengths),)

    return output_shapes


def _grows(axes: int) -> OutputShapes:
    """Return the shape rule of a transposed convolution over `axes` spatial axes."""

    def output_shapes(config: Config, shapes: Sequence[Shape]) -> tuple[Shape, ...]:
        shape = only_input(shapes, axes + 2)
        _channels(config, shape)
        windows = per_axis(config, "kernel_size", axes)
        strides = per_axis(config, "strides", axes)
        if axes == 3:
            # It is computed as the gradient of a convolution that leaves one place of a stride.
            refuse_negative_padding(strides, windows, config["padding"], strides, (1,) * axes)
        lengths = {
            side: deconv_length(shape[side], window, config["padding"], stride)
            for side, window, stride in zip(
                spatial_axes(config, len(shape)), windows, strides, strict=True
            )
        }
        lengths[channel_axis(config, len(shape))] = config["filters"]
        return (replaced(shape, lengths),)

    return output_shapes


def _weights(axes: int, kernels: _Kernels, filters: _Filters = _filters) -> Weights:
    """Return the weight rule: the kernels, then one bias for each output channel."""

    def weights(config: Config, shapes: Sequence[Shape]) -> tuple[ExpectedWeight, ...]:
        channels = _channels(config, only_input(shapes, axes + 2))
        made = kernels(config, per_axis(config, "kernel_size", axes), channels)
        if not config["use_bias"]:
            return made
        return (*made, ExpectedWeight("bias", (filters(config, channels),)))

    return weights


def _kernel(config: Config, window: tuple[int, ...], channels: int) -> tuple[ExpectedWeight, ...]:
    return (ExpectedWeight("kernel", (*window, channels, config["filters"])),)


def _transposed_kernel(
    config: Config, window: tuple[int, ...], channels: int
) -> tuple[ExpectedWeight, ...]:
    return (ExpectedWeight("kernel", (*window, config["filters"], channels)),)


def _depthwise_kernel(
    config: Config, window: tuple[int, ...], channels: int
) -> tuple[ExpectedWeight, ...]:
    return (ExpectedWeight("depthwise_kernel", (*window, channels, config["depth_multiplier"])),)


def _separable_kernels(
    config: Config, window: tuple[int, ...], channels: int
) -> tuple[ExpectedWeight, ...]:
    ones = (1,) * len(window)
    pointwise = (*ones, _multiplied(config, channels), config["filters"])
    return (
        *_depthwise_kernel(config, window, channels),
        ExpectedWeight("pointwise_kernel", pointwise),
    )


def _common(axes: int) -> dict[str, Field]:
    return {
        "kernel_size": fields.window(axes),
        "strides": fields.window(axes, (1,) * axes),
        "padding": fields.padding(),
        "data_format": fields.data_format(),
        "dilation_rate": fields.window(axes, (1,) * axes),
        # tfjs knows no groups: with any it expects a kernel of another shape.
        "groups": fields.only(1),
        "activation": fields.activation("linear"),
        "use_bias": fields.flag(True),
        **fields.weight("bias", "zeros"),
        **fields.ACTIVITY,
        "lora_rank": fields.only(None),
        "lora_alpha": fields.anything(),
        "quantization_config": fields.only(None),
    }


def _plain(axes: int, **changed: Field) -> LayerSpec:
    return LayerSpec(
        source=_SOURCE,
        fields={
            "filters": fields.positive(),
            **_common(axes),
            **fields.weight("kernel", "glorot_uniform"),
            **changed,
        },
        output_shapes=_slides(axes),
        weights=_weights(axes, _kernel),
    )


def _transposed(axes: int, warning: str | None = None) -> LayerSpec:
    return LayerSpec(
        source=_SOURCE,
        fields={
            "filters": fields.positive(),
            **_common(axes),
            **fields.weight("kernel", "glorot_uniform"),
            "dilation_rate": fields.ones(axes),
            "output_padding": fields.only(None),
        },
        output_shapes=_grows(axes),
        weights=_weights(axes, _transposed_kernel),
        warning=warning,
    )


LAYERS: Mapping[str, LayerSpec] = MappingProxyType(
    {
        # conv1dWithBias transposes its input and forgets to transpose the result.
        "Conv1D": _plain(1, data_format=fields.only("channels_last", is_read=True)),
        "Conv2D": _plain(2),
        "Conv3D": _plain(3),
        "Conv2DTranspose": _transposed(2),
        "Conv3DTranspose": _transposed(
            3,
            "the wasm backend of TensorFlow.js computes Conv3DTranspose wrongly;"
            " use the cpu or webgl backend",
        ),
        "DepthwiseConv2D": LayerSpec(
            source="layers/convolutional_depthwise.ts",
            fields={
                **_common(2),
                "dilation_rate": fields.ones(2),
                "depth_multiplier": fields.positive(1),
                **fields.weight("depthwise", "glorot_uniform"),
            },
            output_shapes=_slides(2, _multiplied),
            weights=_weights(2, _depthwise_kernel, _multiplied),
        ),
        "SeparableConv2D": LayerSpec(
            source=_SOURCE,
            fields={
                "filters": fields.positive(),
                **_common(2),
                # With channels first the bias goes to the wrong axis.
                "data_format": fields.only("channels_last", is_read=True),
                "depth_multiplier": fields.positive(1),
                **fields.weight("depthwise", "glorot_uniform"),
                **fields.weight("pointwise", "glorot_uniform"),
                # Keras 2 writes these for a kernel it does not have; tfjs throws when one is set.
                "kernel_initializer": fields.anything(),
                "kernel_regularizer": fields.anything(),
                "kernel_constraint": fields.anything(),
            },
            output_shapes=_slides(2),
            weights=_weights(2, _separable_kernels),
        ),
    }
)
