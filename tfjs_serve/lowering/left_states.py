"""Calls whose initial states TensorFlow.js would hand on to another recurrent layer.

A recurrent layer puts its initial states into the object of named arguments that it is called with
(layers/recurrent.ts, `RNN.apply`), and throws where it finds some there already. The outermost
model makes a new object for each call, until the first mask; from then on, and in nested models
always, all calls share one (engine/executor.ts 335-341).
"""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.graph import Call, Graph, Layer, LayerCall, TensorRef, walk_layers
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.guarded import STRANGE
from tfjs_serve.shapes import Flow, calls_behind, graph_flow

WITH_STATES = frozenset({"Bidirectional", "ConvLSTM2D", "GRU", "LSTM", "SimpleRNN"})
"""The layers of tfjs that look for initial states."""


def leaving_calls(graph: Graph) -> Iterator[LayerCall]:
    """Yield the calls of the outermost model that leave states to others or to themselves."""
    if any(layer.class_name == "Masking" for layer in graph.layers):
        yield from _leaving(graph)


def leaving_models(graph: Graph) -> Iterator[Layer]:
    """Yield each nested model, or wrapper of one, that has such calls inside."""
    for layer in graph.layers:
        # A wrapper calls its model once for each step, all with the same arguments.
        is_looped = any(_leaves_states(part, Call()) for part in layer.parts.values())
        if is_looped or (layer.graph is not None and _has_leaving(layer.graph)):
            yield layer


def known_flow(graph: Graph) -> Flow | None:
    """Return the shapes of all tensors; None for a refused model, still in terms of Keras."""
    try:
        return graph_flow(graph)
    except (ShapeError, *STRANGE):
        return None


def used_outputs(graph: Graph, name: str, index: int) -> tuple[int, ...]:
    """Return which outputs of a call the outputs of the model depend on, in order."""
    layers = {layer.name: layer for layer in graph.layers}
    calls = [layers[own].calls[call] for own, call in calls_behind(graph, graph.outputs)]
    refs = [*graph.outputs, *(ref for call in calls for ref in call.needs)]
    return tuple(sorted({ref.output for ref in refs if (ref.layer, ref.call) == (name, index)}))


def _has_leaving(graph: Graph) -> bool:
    return any(_leaving(graph)) or any(leaving_models(graph))


def _leaving(graph: Graph) -> Iterator[LayerCall]:
    calls = [
        (layer, index)
        for layer in graph.layers
        if _is_recurrent(layer)
        for index in range(len(layer.calls))
    ]
    for layer, index in calls:
        if not _leaves_states(layer, layer.calls[index]):
            continue
        before = calls_behind(graph, [TensorRef(layer.name, index)])
        # tfjs runs a layer again for each of its outputs that is used.
        is_run_again = len(used_outputs(graph, layer.name, index)) > 1
        if is_run_again or any((other.name, place) not in before for other, place in calls):
            yield layer, index


def _is_recurrent(layer: Layer) -> bool:
    return any(item.class_name in WITH_STATES for item in walk_layers((layer,)))


def _leaves_states(layer: Layer, call: Call) -> bool:
    if layer.graph is not None:
        return any(
            _leaves_states(inner, made) for inner in layer.graph.layers for made in inner.calls
        )
    if layer.class_name in WITH_STATES:
        return len(call.inputs) > 1
    return any(_leaves_states(part, Call()) for part in layer.parts.values())
