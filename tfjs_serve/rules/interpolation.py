"""An upsampling that interpolates becomes a frozen Dense along each of its axes.

Before: UpSampling2D {"size": [2, 2], "interpolation": "bilinear"} on [null, H, W, C]
After:  Permute (Dense {"units": 2 * H} (Permute (Dense {"units": 2 * W} (Permute))))

tfjs aligns the corners of the images, Keras the halves of pixels (layers/convolutional.ts 1425).
Where a length is unknown, a bilinear one is left to the companion module.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.companion import RESIZE
from tfjs_serve.lowering.chains import finished, linear_maps, step
from tfjs_serve.lowering.resampling import resize_matrix
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("UpSampling2D",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Multiply height and width by the weights of the interpolation."""
    method = layer.config.get("interpolation", "nearest")
    if layer.class_name not in CLASSES or method == "nearest":
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None:
        return None
    maps = {}
    for axis, factor in zip((1, 2), layer.config["size"], strict=True):
        length = shape[axis]
        if length is None and method == "bilinear":
            fields = {"factors": list(layer.config["size"]), "method": "bilinear"}
            return finished(layer, step(layer, "", RESIZE, fields))
        if length is None:
            return not_supported(layer, f"{method} upsampling of an axis of unknown length")
        matrix = resize_matrix(length, length * factor, str(method))
        if matrix is None:
            return not_supported(layer, f"interpolation = {method!r}")
        maps[axis] = matrix
    return finished(layer, *linear_maps(layer, 4, maps))
