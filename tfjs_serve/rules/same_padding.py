"""Where "same" pads nothing it becomes "valid".

Before: Conv3D {"kernel_size": 1, "strides": 2, "padding": "same"}
After:  Conv3D {"kernel_size": 1, "strides": 2, "padding": "valid"}

Where windows leave places between them tfjs-core pads by a negative number (ops/conv_util.ts,
`get3DPadAndOutInfo`; the wasm backend for all convolutions), Keras by none. Is another axis
padded all the same, the places that no window reaches are cut off first.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.shapes import per_axis, refuse_negative_padding, spatial_axes
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, finished, step
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite, with_fields

WINDOWS = {
    "Conv1D": ("kernel_size", 1),
    "Conv2D": ("kernel_size", 2),
    "Conv3D": ("kernel_size", 3),
    "DepthwiseConv2D": ("kernel_size", 2),
    "SeparableConv2D": ("kernel_size", 2),
    "AveragePooling3D": ("pool_size", 3),
}


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | None:
    """Name the padding that is none, or cut off what is not reached."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in WINDOWS or layer.config.get("padding") != "same" or shape is None:
        return None
    field, axes = WINDOWS[layer.class_name]
    fields = {"strides": None, "dilation_rate": 1, "data_format": "channels_last", **layer.config}
    if field not in fields or len(shape) != axes + 2:
        return None
    window = per_axis(fields, field, axes)
    strides = window if fields["strides"] is None else per_axis(fields, "strides", axes)
    rates = per_axis(fields, "dilation_rate", axes)
    lengths = [shape[axis] for axis in spatial_axes(fields, len(shape))]
    try:
        refuse_negative_padding(lengths, window, "same", strides, rates)
    except ShapeError:
        spans = [(size - 1) * rate + 1 for size, rate in zip(window, rates, strict=True)]
        padded = [_padding(*axis) for axis in zip(lengths, spans, strides, strict=True)]
        return _without(layer, padded, str(fields["data_format"]))
    return None


def _padding(length: int | None, span: int, stride: int) -> int | None:
    """Return what "same" adds to an axis, below 0 for places not reached; None if unknown."""
    if span == 1:
        return 0 if length is None or stride == 1 else (length - 1) // stride * stride + 1 - length
    if length is None:
        return None
    return (length - 1) // stride * stride + span - length


def _without(layer: Layer, padded: list[int | None], data_format: str) -> Rewrite | Lowering | None:
    known = [item for item in padded if item is not None]
    if len(known) < len(padded):
        return None
    if max(known) <= 0:
        return Rewrite(with_fields(layer, {"padding": "valid"}))
    if min(known) >= 0:
        return None
    fields = {
        "cropping": [[0, max(-item, 0)] for item in known],
        "data_format": data_format,
    }
    crop = step(layer, "reached", f"Cropping{len(known)}D", fields)
    if layer.weights:
        return chain(crop, layer)
    return finished(layer, crop, replace(layer, name=f"{layer.name}__inner"))
