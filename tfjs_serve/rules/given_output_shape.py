"""The output shape that Keras 1 wrote for a transposed convolution is compared and goes.

Before: Conv2DTranspose {"output_shape": [null, 14, 14, 3], ...}
After:  Conv2DTranspose {...}; refused where its kernel and strides make another shape

Keras 1 let the caller choose between the shapes that one convolution could have come from
(keras/layers/convolutional.py at tag 1.2.2, Deconvolution2D); tfjs knows the shortest only.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, not_supported, with_fields
from tfjs_serve.rewriting.supported import checked
from tfjs_serve.shapes import call_shapes

CLASSES = ("Conv2DTranspose",)

GEOMETRY = ("filters", "kernel_size", "strides", "padding", "data_format")
"""Fields that the computed shape depends on."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Drop an output shape that is the one tfjs computes."""
    given = layer.config.get("output_shape")
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or "output_shape" not in layer.config or shape is None:
        return None
    config = {key: layer.config[key] for key in GEOMETRY if key in layer.config}
    bare = checked(replace(layer, config=config))
    if isinstance(bare, Refusal):
        return bare
    (made,) = call_shapes(bare.layer, [shape])
    if isinstance(given, list) and list(made[1:]) == given[1:]:
        return Rewrite(with_fields(layer, {}, "output_shape"))
    return not_supported(layer, f"output_shape = {given!r} instead of {list(made)!r}")
