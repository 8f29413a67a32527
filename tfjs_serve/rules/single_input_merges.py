"""A merge of one tensor becomes the identity.

Before: Add ([x])
After:  Activation {"activation": "linear"} (x)

tfjs takes two inputs or more (layers/merge.ts, `build`).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite

MERGES = ("Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply")


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Replace a merge layer with one input by a linear activation."""
    if layer.class_name not in MERGES or len(layer.calls[0].inputs) != 1:
        return None
    config = {"trainable": layer.config.get("trainable", True), "activation": "linear"}
    return Rewrite(replace(layer, class_name="Activation", config=config))
