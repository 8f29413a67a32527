"""Global pooling of three axes becomes that of one.

Before: GlobalMaxPooling3D on [null, 2, 3, 4, 5]
After:  GlobalMaxPooling1D (Reshape {"target_shape": [24, 5]})

tfjs has neither class.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, reshape
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = {
    "GlobalAveragePooling3D": "GlobalAveragePooling1D",
    "GlobalMaxPooling3D": "GlobalMaxPooling1D",
}


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Make the spatial axes one and pool that."""
    shape = context.shapes[0] if context.shapes else None
    if layer.class_name not in CLASSES or shape is None or shape[-1] is None:
        return None
    pool = replace(layer, class_name=CLASSES[layer.class_name])
    return chain(reshape(layer, "places", -1, shape[-1]), pool)
