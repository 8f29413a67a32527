"""A query mask given to Keras 3's MultiHeadAttention is left out, as Keras leaves it out.

Before: MultiHeadAttention (x, x, query_mask=m), written by Keras 3
After:  MultiHeadAttention (x, x)

Keras 3.15 overwrites that argument with the mask that the query carries (keras/src/layers/
attention/multi_head_attention.py, `call`), which becomes the argument only later (implicit_masks).
Its other masks count, and so do all of GroupedQueryAttention and all of Keras 2.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, Layer, map_layers
from tfjs_serve.lowering.mask_flow import pruned
from tfjs_serve.rewriting.rule import Context, GraphRewrite

PLACE = 3
"""Of the mask of the query among the arguments, after query, value and key."""


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Take the masks of queries out of calls of MultiHeadAttention."""
    if context.generation < 3:
        return None
    changed = pruned(map_layers(graph, _without_query_masks))
    return None if changed == graph else GraphRewrite(changed)


def _without_query_masks(layer: Layer) -> Layer:
    if layer.graph is not None:
        return replace(layer, graph=pruned(layer.graph))
    if layer.class_name != "MultiHeadAttention":
        return layer
    return replace(layer, calls=tuple(map(_without_query_mask, layer.calls)))


def _without_query_mask(call: Call) -> Call:
    args = tuple(None if place == PLACE else arg for place, arg in enumerate(call.args))
    kwargs = {**call.kwargs, "query_mask": None} if "query_mask" in call.kwargs else call.kwargs
    return replace(call, args=args, kwargs=kwargs)
