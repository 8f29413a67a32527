"""The unknown length of a Reshape is written out where it can be computed.

Before: Reshape {"target_shape": [-1, 2]} on [null, 3, 4]
After:  Reshape {"target_shape": [6, 2]}

While the batch size is unknown tfjs leaves that axis unknown too (layers/core.ts,
`computeOutputShape`), and no Dense can be built on it.
"""

from __future__ import annotations

import math

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

CLASSES = ("Reshape",)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Replace -1 in a target shape by the length that is left for it."""
    target = layer.config.get("target_shape")
    if layer.class_name not in CLASSES or not isinstance(target, list | tuple):
        return None
    known = [size for size in target if isinstance(size, int) and size != -1]
    shape = context.shapes[0] if context.shapes else None
    if shape is None or None in shape[1:] or len(known) != len(target) - 1 or 0 in known:
        return None
    held = math.prod(size for size in shape[1:] if size is not None)
    if held % math.prod(known):
        return None
    length = held // math.prod(known)
    filled = [length if size is None or size == -1 else size for size in target]
    return Rewrite(with_fields(layer, {"target_shape": filled}))
