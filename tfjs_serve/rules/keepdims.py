"""A global pooling that keeps the pooled axes is reshaped after it.

Before: GlobalAveragePooling2D {"keepdims": true}
After:  Reshape {"target_shape": [1, 1, -1]} (GlobalAveragePooling2D)

tfjs reads no keepdims and returns rank 2 (layers/pooling.ts, `GlobalPooling2D`).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.chains import chain, reshape
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

RANKS = {f"Global{kind}Pooling{axes}D": axes for kind in ("Average", "Max") for axes in (1, 2, 3)}


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Pool without the pooled axes and put them back as ones."""
    if layer.class_name not in RANKS or layer.config.get("keepdims") is not True:
        return None
    pool = replace(with_fields(layer, {"keepdims": False}), name=f"{layer.name}__pool")
    ones = (1,) * RANKS[layer.class_name]
    is_first = layer.config.get("data_format") == "channels_first"
    return chain(pool, reshape(layer, "", *((-1, *ones) if is_first else (*ones, -1))))
