"""Global pooling of three axes becomes that of one.

Before: GlobalMaxPooling3D on [null, 2, 3, 4, 5]
After:  GlobalMaxPooling1D (Reshape {"target_shape": [24, 5]})

tfjs has neither class. Where the number of channels is unknown, beside other lengths, each depth is
pooled by a GlobalMaxPooling2D first, in a TimeDistributed.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, reshape, step
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = {
    "GlobalAveragePooling3D": "GlobalAveragePooling1D",
    "GlobalMaxPooling3D": "GlobalMaxPooling1D",
}


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Make the spatial axes one and pool that."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None:
        return None
    pool = replace(layer, class_name=CLASSES[layer.class_name])
    if shape[-1] is not None:
        return chain(reshape(layer, "places", -1, shape[-1]), pool)
    plane = step(layer, "plane", layer.class_name.replace("3D", "2D"), {})
    depths = replace(step(layer, "depths", "TimeDistributed", {}), parts={"layer": plane})
    return chain(depths, pool)
