"""Outputs that TensorFlow.js cannot return are refused.

Before: outputs [y, y], or an output that is an input
After:  refused (`predict` fails on the same tensor twice, and on an input returned as it is)
"""

from __future__ import annotations

from collections import Counter

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, walk_graphs
from tfjs_serve.rules.rule import Context, Refusal


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse models that return one tensor twice, or one of their inputs."""
    reasons = [reason for model in walk_graphs(graph) for reason in _reasons(model)]
    return Refusal(tuple(reasons)) if reasons else None


def _reasons(graph: Graph) -> list[Reason]:
    classes = {layer.name: layer.class_name for layer in graph.layers}
    twice = [ref for ref, count in Counter(graph.outputs).items() if count > 1]
    returned = [ref for ref in dict.fromkeys(graph.outputs) if ref in graph.inputs]
    return [
        *(Reason(_TWICE, ref.layer, classes[ref.layer]) for ref in twice),
        *(Reason(_RETURNED, ref.layer, classes[ref.layer]) for ref in returned),
    ]


_TWICE = "not supported yet: its output is returned by the model more than once"
_RETURNED = "not supported yet: the model returns this input as an output"
