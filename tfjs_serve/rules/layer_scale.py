"""A LayerScale becomes a depthwise convolution of 1 by 1.

Before: LayerScale {"projection_dim": 96, "init_values": 1e-6} with the weight gamma [96]
After:  DepthwiseConv2D {"kernel_size": [1, 1]} with the weight depthwise_kernel [1, 1, 96, 1]

The class of keras.applications' ConvNeXt, `x * gamma` (applications/convnext.py). It is known by
its fields, since files of Keras 2 say nothing of where a class comes from.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, values_of
from tfjs_serve.lowering.toolbox import channel_affine
from tfjs_serve.rewriting.rule import Context, Lowering

FIELDS = frozenset({"init_values", "projection_dim", "trainable"})


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Scale every channel by a convolution of its own."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name.rpartition(">")[2] != "LayerScale" or shape is None:
        return None
    gamma = values_of(layer, "gamma")
    if layer.config.keys() != FIELDS or gamma is None or gamma.shape != shape[-1:]:
        return None
    return chain(*channel_affine(layer, shape, gamma, None))
