"""A mean of whole numbers by a function of TensorFlow is refused.

Before: TFOpLambda {"function": "math.reduce_mean"} on an Input of int32, [1, 2, 2, 2]
After:  refused (TensorFlow rounds the mean down to 1; every layer of tfjs makes it 1.75)

Keras 3 computes the mean of integers in floats.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer, walk_graphs
from tfjs_serve.lowering.number_kinds import Kind, kind_called_on, kinds_of
from tfjs_serve.rewriting.rule import Context, Refusal

MEAN = "math.reduce_mean"


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse means of what may be integers."""
    if context.generation > 2:
        return None
    why = f"not supported yet: {MEAN} of integers, which TensorFlow rounds down"
    found = [layer for inner in walk_graphs(graph) for layer in _means(inner)]
    return Refusal(tuple(Reason(why, f.name, f.class_name) for f in found)) if found else None


def _means(graph: Graph) -> Iterator[Layer]:
    kinds = kinds_of(graph, 2)
    for layer in graph.layers:
        given = {kind_called_on(call, kinds) for call in layer.calls}
        if layer.config.get("function") == MEAN and given & {Kind.WHOLE, Kind.SHORT}:
            yield layer
