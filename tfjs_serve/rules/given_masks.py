"""Masks given to Keras 3's attention heads by name are refused.

Before: MultiHeadAttention (x, x, query_mask=m), written by Keras 3
After:  refused

Keras 3.15 ignores them there and reads the masks its tensors carry (keras/src/layers/attention/
multi_head_attention.py); once those are arguments too (implicit_masks), nobody could tell the two
apart. `attention_mask` is another thing, and is translated.
"""

from __future__ import annotations

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, tensors, walk_layers
from tfjs_serve.rewriting.rule import Context, Refusal

HEADS = ("MultiHeadAttention", "GroupedQueryAttention")
MASKS = ("query_mask", "value_mask", "key_mask")


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse calls of attention heads that name a mask of their own."""
    if context.generation < 3:
        return None
    reasons = tuple(
        Reason(f"not supported yet: called with {name}", layer.name, layer.class_name)
        for layer in walk_layers(graph.layers)
        if layer.class_name in HEADS
        for call in layer.calls
        for name in MASKS
        if any(tensors(call.kwargs.get(name)))
    )
    return Refusal(tuple(dict.fromkeys(reasons))) if reasons else None
