"""A GRU called under a mask here and without one there is given a mask of ones there.

Before: GRU {"reset_after": true} on (x, mask=m), and on y
After:  GRU on (x, mask=m), and on (y, mask=Any (OnesLike (y), axis=-1))

What computes such a GRU (`gru_reset_after`) takes a mask in all its calls or in none, and the
weights are there once. A step that counts is computed as without a mask
(keras/src/backend/tensorflow/rnn.py).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, Layer, with_graphs
from tfjs_serve.lowering.mask_operations import MaskOperations
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.gru_reset_after import gated_parts


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Write down masks that let everything through, nested models included."""
    changed = _even(graph)
    return None if changed == graph else GraphRewrite(changed)


def _even(graph: Graph) -> Graph:
    written = MaskOperations()
    layers = [_masked(with_graphs(layer, _even), written) for layer in graph.layers]
    return replace(graph, layers=(*layers, *written.layers))


def _masked(layer: Layer, written: MaskOperations) -> Layer:
    if not any(map(_has_mask, layer.calls)) or not gated_parts(layer):
        return layer
    calls = (
        call
        if _has_mask(call) or not call.inputs
        else replace(call, kwargs={**call.kwargs, "mask": written.ones(layer, index)})
        for index, call in enumerate(layer.calls)
    )
    return replace(layer, calls=tuple(calls))


def _has_mask(call: Call) -> bool:
    return call.kwargs.get("mask") is not None
