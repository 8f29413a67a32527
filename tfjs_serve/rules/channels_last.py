"""Channels are moved to the end for layers that tfjs computes wrongly with channels first.

Before: Conv1D {"data_format": "channels_first"}
After:  Permute (Conv1D {"data_format": "channels_last"} (Permute))

tfjs transposes the input of a Conv1D and not its result (layers/convolutional.ts 111), adds the
bias of a SeparableConv2D to the wrong axis, and reads no data_format in 1D pooling layers
(layers/pooling.ts 222). What it has no layer for is made of layers with channels last.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, finished, permute
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

SPATIAL_AXES = {
    "Conv1D": 1,
    "Conv1DTranspose": 1,
    "Conv3DTranspose": 3,
    "DepthwiseConv1D": 1,
    "SeparableConv1D": 1,
    "SeparableConv2D": 2,
    "MaxPooling1D": 1,
    "AveragePooling1D": 1,
    "MaxPooling3D": 3,
    **{f"Global{kind}Pooling{axes}D": axes for kind in ("Average", "Max") for axes in (1, 3)},
    **{f"Adaptive{kind}Pooling{n}D": n for kind in ("Average", "Max") for n in (1, 2, 3)},
    "ZeroPadding1D": 1,
    "ZeroPadding3D": 3,
    "Cropping3D": 3,
    "UpSampling1D": 1,
    "UpSampling2D": 2,
    "UpSampling3D": 3,
}
"""Spatial axes of every class that is not computed with channels first."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Call the layer with its channels last, between two changes of order."""
    axes = SPATIAL_AXES.get(layer.class_name)
    if axes is None or layer.config.get("data_format") != "channels_first" or _is_native(layer):
        return None
    last = permute(layer, "channels_last", *range(2, axes + 2), 1)
    inner = with_fields(layer, {"data_format": "channels_last"})
    if layer.class_name.startswith("Global"):
        return finished(layer, last, inner)
    first = permute(layer, "channels_first", axes + 1, *range(1, axes + 1))
    if layer.weights:
        return chain(last, inner, first)
    return finished(layer, last, replace(inner, name=f"{layer.name}__inner"), first)


def _is_native(layer: Layer) -> bool:
    """Tell whether it is the one layer here that is computed as it is."""
    is_nearest = layer.config.get("interpolation", "nearest") == "nearest"
    return layer.class_name == "UpSampling2D" and is_nearest
