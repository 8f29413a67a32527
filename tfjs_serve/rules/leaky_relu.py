"""The slope of LeakyReLU gets the name TensorFlow.js reads.

Before: LeakyReLU {"negative_slope": 0.2}
After:  LeakyReLU {"alpha": 0.2}

tfjs reads `alpha` only and falls back to 0.3 (layers/advanced_activations.ts).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

CLASSES = ("LeakyReLU",)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Rename Keras 3's `negative_slope` to `alpha`."""
    if layer.class_name not in CLASSES or "negative_slope" not in layer.config:
        return None
    return Rewrite(with_fields(layer, {"alpha": layer.config["negative_slope"]}, "negative_slope"))
