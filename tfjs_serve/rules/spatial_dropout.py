"""A SpatialDropout2D or 3D becomes a Dropout of whole channels.

Before: SpatialDropout2D {"rate": 0.5, "data_format": "channels_last"}
After:  Dropout {"rate": 0.5, "noise_shape": [null, 1, 1, null]}

tfjs has SpatialDropout1D alone; what both drop in training is the same kind of mask.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite

AXES = {"SpatialDropout2D": 2, "SpatialDropout3D": 3}


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Write a dropout of channels as a Dropout with a noise shape."""
    if layer.class_name not in AXES:
        return None
    ones = [1] * AXES[layer.class_name]
    is_first = layer.config.get("data_format") == "channels_first"
    noise_shape = [None, None, *ones] if is_first else [None, *ones, None]
    config = {
        "trainable": layer.config.get("trainable", True),
        "rate": layer.config.get("rate"),
        "noise_shape": noise_shape,
        "seed": layer.config.get("seed"),
    }
    return Rewrite(replace(layer, class_name="Dropout", config=config))
