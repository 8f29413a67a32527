"""A Resizing, and a CenterCrop that must enlarge, become a frozen Dense along each axis.

Before: Resizing {"height": 8, "width": 8, "interpolation": "bilinear"} on [null, H, W, C]
After:  Permute (Dense {"units": 8} (Permute (Dense {"units": 8} (Permute))))

Before: CenterCrop {"height": 4, "width": 4} on [null, 6, 8, C]
After:  Cropping2D {"cropping": [[1, 1], [2, 2]]}

tfjs declares the shape of a Resizing without its batch axis and aligns corners
(layers/preprocessing/image_resizing.ts 69); its CenterCrop writes into the shape it is given
(center_crop.ts 135). Crops and pads of the aspect ratio are part of the matrices; a fill value is
added where they leave room for it. Keras 3 calls both with `training`, which they ignore. A
RandomCrop of Keras 2 predicts as a Resizing does that crops to the aspect ratio
(preprocessing/image.py, `smart_resize`). An image of unknown size is resized by the companion
module, bilinear or nearest, where its aspect ratio is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.companion import RESIZE
from tfjs_serve.lowering.chains import Matrix, finished, linear_maps, permute, step
from tfjs_serve.lowering.resampling import part, resize_matrix
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("Resizing", "CenterCrop", "RandomCrop")

IGNORED = {"training"}
"""Arguments of a call that change nothing."""


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Resize, or crop, height and width."""
    if layer.class_name not in CLASSES or layer.calls[0].kwargs.keys() - IGNORED:
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None:
        return None
    size = (layer.config.get("height"), layer.config.get("width"))
    if len(shape) != 4 or not all(isinstance(length, int) and length > 0 for length in size):
        return not_supported(layer, f"a height and width of {size} for input {shape}")
    height, width = (shape[axis] for axis in _axes(layer))
    if (height is None or width is None) and _is_plain(layer):
        return _of_any_size(layer, size)
    if height is None or width is None:
        return not_supported(layer, f"needs a known height and width, got {shape}")
    old, new = (height, width), (int(size[0] or 0), int(size[1] or 0))
    if layer.class_name == "Resizing":
        return _resized(layer, old, new, layer.config)
    if layer.class_name == "RandomCrop":
        return _resized(layer, old, new, {"crop_to_aspect_ratio": True})
    spare = [length - kept for length, kept in zip(old, new, strict=True)]
    if min(spare) < 0:
        return _resized(layer, old, new, {"crop_to_aspect_ratio": True})
    cropping = [[left // 2, left - left // 2] for left in spare]
    data_format = layer.config.get("data_format", "channels_last")
    fields = {"cropping": cropping, "data_format": data_format}
    return finished(layer, step(layer, "", "Cropping2D", fields))


def _is_plain(layer: Layer) -> bool:
    """Tell whether the companion module resizes so: half-pixel centres, no crops and no pads."""
    fields = layer.config
    method = str(fields.get("interpolation", "bilinear")).lower()
    others = ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio")
    is_known = layer.class_name == "Resizing" and method in ("bilinear", "nearest")
    return is_known and not any(fields.get(name) for name in others)


def _of_any_size(layer: Layer, size: tuple[object, object]) -> Lowering:
    method = str(layer.config.get("interpolation", "bilinear")).lower()
    resized = step(layer, "resized", RESIZE, {"size": list(size), "method": method})
    if _axes(layer) == (1, 2):
        return finished(layer, resized)
    there, back = permute(layer, "there", 2, 3, 1), permute(layer, "back", 3, 1, 2)
    return finished(layer, there, resized, back)


def _axes(layer: Layer) -> tuple[int, int]:
    return (2, 3) if layer.config.get("data_format") == "channels_first" else (1, 2)


def _resized(
    layer: Layer, old: tuple[int, int], new: tuple[int, int], fields: Mapping[str, object]
) -> Lowering | Refusal:
    method = str(fields.get("interpolation", "bilinear")).lower()
    maps: dict[int, Matrix] = {}
    windows = _windows(old, new, fields)
    for axis, length, places, window in zip(_axes(layer), old, new, windows, strict=True):
        antialias = fields.get("antialias") is True
        matrix = resize_matrix(window[1], places, method, antialias=antialias)
        if matrix is None:
            return not_supported(layer, f"interpolation = {method!r}")
        maps[axis] = part(length, *window) @ matrix
    return finished(layer, *linear_maps(layer, 4, maps), *_filling(layer, maps, fields))


def _windows(
    old: tuple[int, int], new: tuple[int, int], fields: Mapping[str, object]
) -> list[tuple[int, int]]:
    """Return where the resized part of each axis begins, negative in a border, and its length.

    Source: keras/src/backend/tensorflow/image.py, `resize`, which counts in float32.
    """
    (height, width), (rows, columns) = old, new
    wanted = (
        int(np.float32(width * rows) / np.float32(columns)),
        int(np.float32(height * columns) / np.float32(rows)),
    )
    if fields.get("crop_to_aspect_ratio"):
        kept = [max(min(length, w), 1) for length, w in zip(old, wanted, strict=True)]
        return [((length - k) // 2, k) for length, k in zip(old, kept, strict=True)]
    if fields.get("pad_to_aspect_ratio"):
        # Both sides get as much, also where one place is left over.
        borders = [max(w - length, 0) // 2 for length, w in zip(old, wanted, strict=True)]
        return [(-b, length + 2 * b) for length, b in zip(old, borders, strict=True)]
    return [(0, length) for length in old]


def _filling(
    layer: Layer, maps: Mapping[int, Matrix], fields: Mapping[str, object]
) -> tuple[Layer, ...]:
    """Return the step that adds the fill value where the image has no part."""
    value = fields.get("fill_value", 0.0)
    if not fields.get("pad_to_aspect_ratio") or not isinstance(value, int | float) or value == 0:
        return ()
    sums = [maps[axis].sum(axis=0, dtype=np.float64) for axis in _axes(layer)]
    missing = 1 - np.multiply.outer(*sums)
    # One axis at most is padded: what is missing is the same all along the other.
    missing = missing[:, :1] if np.ptp(sums[0]) > 0 else missing[:1]
    missing = missing if _axes(layer) == (2, 3) else missing[:, :, None]
    offset = (value * missing).astype(np.float32).tolist()
    return (step(layer, "fill", "Rescaling", {"scale": 1.0, "offset": offset}),)
