"""Arithmetic on shapes as tfjs-layers does it; an unknown length is None."""

from __future__ import annotations

import math
from collections.abc import Sequence

from tfjs_serve.layers_format.catalog.spec import Config, Shape, ShapeError


def only_input(shapes: Sequence[Shape], *ranks: int) -> Shape:
    """Return the shape of the one input; `ranks`, if any, are those tfjs takes."""
    if len(shapes) != 1:
        raise ShapeError(f"takes one input, got {len(shapes)}")
    shape = shapes[0]
    if ranks and len(shape) not in ranks:
        wanted = " or ".join(map(str, ranks))
        raise ShapeError(f"needs input of rank {wanted} with the batch axis, got {shape}")
    return shape


def known(shape: Shape, axis: int, what: str) -> int:
    """Return a length that TensorFlow.js must know to build its weights."""
    length = shape[axis]
    if length is None:
        raise ShapeError(f"needs a known {what}, got {shape}")
    return length


def per_axis(config: Config, field: str, axes: int) -> tuple[int, ...]:
    """Return a field that is one integer for all axes or a list with one for each."""
    value = config[field]
    return (value,) * axes if isinstance(value, int) else tuple(value)


def channel_axis(config: Config, rank: int) -> int:
    """Return the index of the channel axis in a shape with the batch axis first."""
    return 1 if config["data_format"] == "channels_first" else rank - 1


def spatial_axes(config: Config, rank: int) -> range:
    """Return the indices of the axes that are neither batch nor channels."""
    return range(2, rank) if config["data_format"] == "channels_first" else range(1, rank - 1)


def conv_length(
    length: int | None, window: int, padding: str, stride: int, dilation: int = 1
) -> int | None:
    """Return what a window sliding over an axis leaves of it.

    Source: tfjs-layers/src/utils/conv_utils.ts, convOutputLength.
    """
    if length is None:
        return None
    span = (window - 1) * dilation + 1
    places = length if padding == "same" else length - span + 1
    if places < 1:
        raise ShapeError(f"cannot slide a window of {span} over an axis of {length}")
    return (places + stride - 1) // stride


def refuse_negative_padding(
    lengths: Sequence[int | None],
    windows: Sequence[int],
    padding: str,
    strides: Sequence[int],
    dilations: Sequence[int],
) -> None:
    """Raise ShapeError where "same" would have to take something off an axis.

    Keras then pads nothing. tfjs-core takes a negative number for its 3D operations
    (ops/conv_util.ts, get3DPadAndOutInfo), and so does the wasm backend for its convolutions,
    unless the window is 1 on every axis: they compute other numbers. Where no axis of a layer is
    padded, "valid" means the same and is right everywhere.
    """
    spans = [
        (window - 1) * dilation + 1 for window, dilation in zip(windows, dilations, strict=True)
    ]
    if padding == "valid" or (len(spans) < 3 and max(spans) == 1):
        return
    for length, span, stride in zip(lengths, spans, strides, strict=True):
        if span < stride and (length is None or (length - 1) // stride * stride + span < length):
            raise ShapeError(
                f"cannot pad an axis of {length} as 'same' for a window of {span}"
                f" with stride {stride}"
            )


def conv_lengths(
    lengths: Sequence[int | None],
    windows: Sequence[int],
    padding: str,
    strides: Sequence[int],
    dilations: Sequence[int],
) -> tuple[int | None, ...]:
    """Return what a convolution leaves of its spatial axes; ShapeError where tfjs errs."""
    if max(strides) > 1 and max(dilations) > 1:
        raise ShapeError(f"cannot have strides {tuple(strides)} with dilation {tuple(dilations)}")
    refuse_negative_padding(lengths, windows, padding, strides, dilations)
    return tuple(
        conv_length(length, window, padding, stride, dilation)
        for length, window, stride, dilation in zip(
            lengths, windows, strides, dilations, strict=True
        )
    )


def deconv_length(length: int | None, window: int, padding: str, stride: int) -> int | None:
    """Return the length a transposed convolution makes of an axis.

    Source: tfjs-layers/src/utils/conv_utils.ts, deconvLength.
    """
    if length is None:
        return None
    return length * stride + (max(window - stride, 0) if padding == "valid" else 0)


def replaced(shape: Shape, lengths: dict[int, int | None]) -> Shape:
    """Return the shape with the lengths of some axes replaced."""
    return tuple(lengths.get(axis, length) for axis, length in enumerate(shape))


def size(shape: Shape, what: str) -> int:
    """Return the number of elements; every length must be known."""
    return math.prod(known(shape, axis, what) for axis in range(len(shape)))
