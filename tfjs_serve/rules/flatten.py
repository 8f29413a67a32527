"""A Flatten with nothing to flatten becomes the identity.

Before: Flatten on [null, 8]
After:  Activation {"activation": "linear"}

tfjs takes input of rank 3 and more (layers/core.ts 325).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rules.rule import Context, Rewrite


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Replace a Flatten of rank 2 by a linear activation, which copies its input."""
    if layer.class_name != "Flatten" or context.rank != 2:
        return None
    config = {"trainable": layer.config.get("trainable", True), "activation": "linear"}
    return Rewrite(replace(layer, class_name="Activation", config=config))
