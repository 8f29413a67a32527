"""A transposed convolution in space becomes a plain one, whose channels are spread out in space.

Before: Conv3DTranspose {"filters": F, "kernel_size": K, "strides": S} on [null, D, H, W, C]
After:  ZeroPadding3D by n - 1, Conv3D {"filters": S ** 3 * F, "kernel_size": n}, the S ** 3 groups
        of channels put side by side by Permute and Reshape, Cropping3D; n = ceil(K / S)

The wasm backend of tfjs computes Conv3DTranspose wrongly: it bounds the depth without regard to the
place, and rounds the bounds of the other axes down (tfjs-backend-wasm/src/cc/conv3d_impl.h,
`NDHWCConv3DBackpropInputV2Impl`). Output i * S + p sums over the taps p, p + S, p + 2S, ... alone;
a plain convolution with these taps is as much work. Axes of unknown length cannot be taken apart:
such a layer stays, with a warning.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.layers_format.catalog.shapes import per_axis
from tfjs_serve.lowering.chains import chain, permute, reshape, step
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("Conv3DTranspose",)

_NOTE = "has a bias for each of {} places now: equal until it is trained further"
_DEFAULTS = {"strides": 1, "padding": "valid", "dilation_rate": 1, "output_padding": None}


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Convolve with the taps that belong together, then put the results side by side."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None or len(shape) != 5:
        return None
    fields = {**_DEFAULTS, **layer.config}
    is_dilated = set(per_axis(fields, "dilation_rate", 3)) != {1}
    known = [length for length in shape[1:4] if length is not None]
    if len(known) < 3 or is_dilated or fields["output_padding"] is not None:
        return None
    window, strides = per_axis(fields, "kernel_size", 3), per_axis(fields, "strides", 3)
    taps = [-(-size // stride) for size, stride in zip(window, strides, strict=True)]
    steps = [_convolution(layer, taps, strides)]
    if max(taps) > 1:
        padding = [[count - 1] * 2 for count in taps]
        steps.insert(0, step(layer, "pad", "ZeroPadding3D", {"padding": padding}))
    if max(strides) > 1:
        sums = [length + count - 1 for length, count in zip(known, taps, strict=True)]
        steps += _spread(layer, sums, strides, fields["filters"])
    cropping = [
        _cropping(*axis, str(fields["padding"])) for axis in zip(window, strides, taps, strict=True)
    ]
    if any(map(any, cropping)):
        steps.append(step(layer, "crop", "Cropping3D", {"cropping": cropping}))
    if fields.get("activation", "linear") != "linear":
        steps.append(step(layer, "activation", "Activation", {"activation": fields["activation"]}))
    lowering = chain(*steps)
    places = math.prod(strides)
    if places == 1 or not fields.get("use_bias", True):
        return lowering
    note = Note(_NOTE.format(places), layer.name, NoteKind.TRAINING)
    return Lowering(lowering.layers, lowering.outputs, (note,))


def _convolution(layer: Layer, taps: Sequence[int], strides: Sequence[int]) -> Layer:
    """Return the convolution that makes all places between two steps at once, as channels."""
    fields = {
        "filters": math.prod(strides) * layer.config["filters"],
        "kernel_size": list(taps),
        "strides": [1, 1, 1],
        "padding": "valid",
        "activation": "linear",
    }
    config = with_fields(layer, fields, "output_padding").config
    weights = [_weight(weight, taps, strides) for weight in layer.weights]
    return step(layer, "", "Conv3D", config, weights)


def _weight(weight: Weight, taps: Sequence[int], strides: Sequence[int]) -> Weight:
    """Return the kernel with its taps reversed and sorted by place, or a bias for every place."""
    places = math.prod(strides)
    if weight.name == "bias":
        shape: tuple[int, ...] = (places * weight.shape[0],)
    else:
        filters, channels = weight.shape[-2:]
        shape = (*taps, channels, places * filters)

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if values.ndim == 1:
            return np.tile(values, places)
        whole = [count * stride for count, stride in zip(taps, strides, strict=True)]
        ends = zip(whole, values.shape[:3], strict=True)
        filled = np.pad(values, [*((0, end - size) for end, size in ends), (0, 0), (0, 0)])
        pairs = [length for pair in zip(taps, strides, strict=True) for length in pair]
        by_place = filled.reshape(*pairs, *values.shape[3:])[::-1, :, ::-1, :, ::-1]
        return by_place.transpose(0, 2, 4, 7, 1, 3, 5, 6).reshape(shape)

    known = ("conv3d_transpose", *taps, *strides)
    return Weight(weight.name, Computed(shape, (weight.values,), compute, known))


def _spread(
    layer: Layer, lengths: Sequence[int], strides: Sequence[int], filters: int
) -> list[Layer]:
    """Return steps that turn channels, ordered as axes are, into places along the axes."""
    depth, height, width = lengths
    by_depth, by_height, by_width = strides
    line = by_width * filters
    return [
        reshape(layer, "rows", depth * height, width, by_depth * by_height, line),
        permute(layer, "columns", 1, 3, 2, 4),
        reshape(layer, "planes", depth, height, by_depth, by_height * width * line),
        permute(layer, "slices", 1, 3, 2, 4),
        reshape(layer, "space", depth * by_depth, height * by_height, width * by_width, filters),
    ]


def _cropping(size: int, stride: int, taps: int, padding: str) -> list[int]:
    """Return what is beyond the output of an axis, as deconvLength has it, before and after."""
    overlap = max(size - stride, 0)
    before = overlap // 2 if padding == "same" else 0
    kept = overlap if padding == "valid" else 0
    return [before, (taps - 1) * stride - before - kept]
