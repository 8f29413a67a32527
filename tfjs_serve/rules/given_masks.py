"""A query mask given to Keras 3's MultiHeadAttention by name is refused.

Before: MultiHeadAttention (x, x, query_mask=m), written by Keras 3
After:  refused

Keras 3.15 ignores it and reads the mask that the query carries (keras/src/layers/attention/
multi_head_attention.py); once that one is an argument too (implicit_masks), nobody could tell the
two apart. Its other masks count, and so do all of GroupedQueryAttention.
"""

from __future__ import annotations

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, tensors, walk_layers
from tfjs_serve.rewriting.rule import Context, Refusal


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse calls of MultiHeadAttention that name a mask of the query."""
    if context.generation < 3:
        return None
    reasons = tuple(
        Reason("not supported yet: called with query_mask", layer.name, layer.class_name)
        for layer in walk_layers(graph.layers)
        if layer.class_name == "MultiHeadAttention"
        and any(any(tensors(call.kwargs.get("query_mask"))) for call in layer.calls)
    )
    return Refusal(reasons) if reasons else None
