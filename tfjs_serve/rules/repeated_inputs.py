"""A tensor passed twice to one layer is refused.

Before: Add()([x, x])
After:  refused (engine/executor.ts 327 counts x once and disposes of it twice)
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.rules.rule import Context, Refusal, not_supported


def rewrite(layer: Layer, context: Context) -> Refusal | None:
    """Refuse a layer that is called with one tensor twice."""
    if any(len(set(call.inputs)) < len(call.inputs) for call in layer.calls):
        return not_supported(layer, "called with the same tensor twice")
    return None
