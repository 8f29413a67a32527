"""Operations that a layer of Keras computes, too, become that layer.

Before: keras.ops.Resize {"size": [6, 5]} (x), keras.ops.MaxPool {"pool_size": 2} (x)
After:  Resizing {"height": 6, "width": 5} (x), MaxPooling2D {"pool_size": [2, 2]} (x)

The rules of those layers then do the rest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Layer, UnknownLength
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.operands import is_integer, known_shape, only_tensor, operation
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported

POOLINGS = {"AveragePool": "AveragePooling", "MaxPool": "MaxPooling"}

SWITCHES = ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio", "fill_mode", "fill_value")

FORMATS = {"NWC": "channels_last", "NHWC": "channels_last", "NDHWC": "channels_last"} | {
    **{"NCW": "channels_first", "NCHW": "channels_first", "NCDHW": "channels_first"}
}


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Replace an operation by the layer that does the same."""
    name = operation(layer)
    if name not in (*POOLINGS, "Resize") or only_tensor(layer) is None:
        return None
    rank = len(known_shape(context.shapes[0]))
    if name == "Resize":
        config = _resizing(layer.config, rank)
        class_name = "Resizing"
    else:
        config = _pooling(layer.config, rank - 2)
        class_name = f"{POOLINGS[name]}{rank - 2}D"
    if config is None:
        given = ", ".join(f"{key} = {value!r}" for key, value in layer.config.items())
        return not_supported(layer, f"{name} of rank {rank} with {given}")
    return Rewrite(replace(layer, class_name=class_name, config=config))


def _resizing(fields: Mapping[str, Any], rank: int) -> dict[str, Any] | None:
    size = fields.get("size")
    if isinstance(size, tuple) and any(isinstance(item, UnknownLength) for item in size):
        raise ShapeError("resizes to a size that is known only when the model runs")
    if rank != 4 or not isinstance(size, list | tuple) or not all(map(is_integer, size)):
        return None
    return {
        "height": size[0],
        "width": size[1],
        "interpolation": fields.get("interpolation", "bilinear"),
        "data_format": fields.get("data_format") or "channels_last",
        **{name: fields[name] for name in SWITCHES if name in fields},
    }


def _pooling(fields: Mapping[str, Any], axes: int) -> dict[str, Any] | None:
    size, strides = fields.get("pool_size"), fields.get("strides")
    data_format = fields.get("data_format") or "channels_last"
    if axes not in (1, 2, 3) or size is None:
        return None
    return {
        "pool_size": _per_axis(size, axes),
        "strides": _per_axis(size if strides is None else strides, axes),
        "padding": str(fields.get("padding", "valid")).lower(),
        "data_format": FORMATS.get(data_format, data_format),
    }


def _per_axis(value: Any, axes: int) -> list[int]:
    return [value] * axes if is_integer(value) else list(value)
