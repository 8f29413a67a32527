"""A cropping of axes of unknown length becomes a convolution that picks one place of each window.

Before: Cropping2D {"cropping": [[1, 0], [2, 1]]} on [null, null, null, C]
After:  DepthwiseConv2D {"kernel_size": [2, 4]} with a one at place [1, 2] and zeros elsewhere

tfjs takes the crop off the unknown length itself and calls the result a length
(layers/convolutional.ts, Cropping2D, computeOutputShape). A window as long as what is cropped, and
one more, slides over the very places that stay. Infinities and NaN in what is cropped reach them.
"""

from __future__ import annotations

import numpy as np

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import constant, finished, step
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("Cropping2D",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Slide a window over the image."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None or len(shape) != 4:
        return None
    data_format = layer.config.get("data_format", "channels_last")
    is_first = data_format == "channels_first"
    if None not in (shape[2:] if is_first else shape[1:3]):
        return None
    channels = shape[1 if is_first else 3]
    if channels is None:
        return not_supported(layer, f"needs a known number of channels, got {shape}")
    (top, bottom), (left, right) = layer.config["cropping"]
    kernel = np.zeros((top + bottom + 1, left + right + 1, channels, 1), np.float32)
    kernel[top, left] = 1
    fields = {
        "kernel_size": list(kernel.shape[:2]),
        "data_format": data_format,
        "activation": "linear",
        "use_bias": False,
        "trainable": False,
    }
    weights = (constant("depthwise_kernel", kernel),)
    return finished(layer, step(layer, "", "DepthwiseConv2D", fields, weights))
