"""A Flatten that TensorFlow.js cannot do becomes the identity, or a Reshape.

Before: Flatten on [null, 8], or on [null, null, 4]
After:  Activation {"activation": "linear"}, or Reshape {"target_shape": [-1]}

tfjs takes input of rank 3 and more, with all lengths known (layers/core.ts 325).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import finished, permute, reshape
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite

CLASSES = ("Flatten",)


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | None:
    """Replace a Flatten of rank 2 by a linear activation, one of unknown lengths by a Reshape."""
    if layer.class_name not in CLASSES or context.rank is None or context.rank < 2:
        return None
    if context.rank == 2:
        config = {"trainable": layer.config.get("trainable", True), "activation": "linear"}
        return Rewrite(replace(layer, class_name="Activation", config=config))
    if None not in (context.shapes[0] or ())[1:]:
        return None
    joined = reshape(layer, "", -1)
    if layer.config.get("data_format") != "channels_first":
        return finished(layer, joined)
    return finished(layer, permute(layer, "channels_last", *range(2, context.rank), 1), joined)
