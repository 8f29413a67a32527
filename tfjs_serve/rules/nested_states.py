"""Initial states in a nested model are refused where another recurrent layer runs after them.

Before: a nested model in which one LSTM is called with (x, h, c) and another one after it
After:  refused (the states stay in the keyword arguments that all its layers are called with)

tfjs hands one object of keyword arguments to all layers of a nested model, and a recurrent layer
puts its initial states there (layers/recurrent.ts, `RNN.apply`): the next one throws, whether it
has states of its own or none. The outermost model makes a new object for each layer.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer, TensorRef, inner_graphs, walk_graphs
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.shapes import calls_behind

WITH_STATES = frozenset({"Bidirectional", "ConvLSTM2D", "GRU", "LSTM", "SimpleRNN"})
"""The layers of tfjs that look for initial states."""


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse nested models in which a recurrent layer would find the states of another."""
    inner = [model for layer in graph.layers for model in inner_graphs(layer)]
    reasons = [
        reason for outer in inner for model in walk_graphs(outer) for reason in _reasons(model)
    ]
    return Refusal(tuple(reasons)) if reasons else None


def _reasons(graph: Graph) -> Iterator[Reason]:
    calls = [
        (layer, TensorRef(layer.name, index), call)
        for layer in graph.layers
        if _is_recurrent(layer)
        for index, call in enumerate(layer.calls)
    ]
    for layer, made, call in calls:
        if not _leaves_states(layer, call):
            continue
        before = calls_behind(graph, call.inputs)
        others = (ref for _, ref, _ in calls if ref != made and (ref.layer, ref.call) not in before)
        other = next(others, None)
        if other is not None:
            why = "not supported yet: called with initial states in a nested model, where"
            yield Reason(f"{why} {other.layer!r} may run after it", layer.name, layer.class_name)


def _is_recurrent(layer: Layer) -> bool:
    if layer.graph is not None:
        return any(_is_recurrent(inner) for inner in layer.graph.layers)
    return layer.class_name in WITH_STATES


def _leaves_states(layer: Layer, call: Call) -> bool:
    if layer.graph is not None:
        return any(
            _is_recurrent(inner) and _leaves_states(inner, made)
            for inner in layer.graph.layers
            for made in inner.calls
        )
    return len(call.inputs) > 1
