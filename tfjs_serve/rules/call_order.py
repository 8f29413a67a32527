"""Calls of shared layers stand in the order in which TensorFlow.js makes them.

Before: Dense d called on e(d(a)), b and a, in that order
After:  the calls on b and a first, every reference renumbered

When a call is not ready tfjs puts that one off and goes on with the layer's later calls, so its
node indices differ from Keras's (engine/container.ts 1212-1245). This rule runs the same loop and
writes the calls in the order it finds; a model that tfjs would number alike stays as it is.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import (
    Call,
    Graph,
    GraphKind,
    Layer,
    TensorRef,
    flow_order,
    map_refs,
    with_graphs,
)
from tfjs_serve.rewriting.rule import Context, GraphRewrite


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Reorder the calls of every shared layer, nested models included."""
    ordered = _ordered(graph)
    return None if ordered == graph else GraphRewrite(ordered)


def _ordered(graph: Graph) -> Graph:
    layers = tuple(with_graphs(layer, _ordered) for layer in graph.layers)
    graph = replace(graph, layers=layers)
    if graph.kind is GraphKind.SEQUENTIAL:
        return graph
    # A reordered list can be ready earlier than the old one was: repeat until nothing moves.
    while True:
        order = _order_of_calls(graph)
        if all(calls == sorted(calls) for calls in order.values()):
            return graph
        graph = _renumber(graph, order)


def _order_of_calls(graph: Graph) -> dict[str, list[int]]:
    """Return, for each layer, its calls in the order tfjs makes them."""
    # An input has its one node as soon as it is constructed (engine/input_layer.ts).
    layers = sorted(graph.layers, key=lambda layer: layer.class_name != "InputLayer")
    made, waiting = flow_order(replace(graph, layers=tuple(layers)))
    order: dict[str, list[int]] = {layer.name: [] for layer in graph.layers}
    for layer, call in (*made, *waiting):
        order[layer.name].append(call)
    return order


def _renumber(graph: Graph, order: dict[str, list[int]]) -> Graph:
    position = {(name, old): new for name, calls in order.items() for new, old in enumerate(calls)}

    def ref(old: TensorRef) -> TensorRef:
        return replace(old, call=position[old.layer, old.call])

    def calls(layer: Layer) -> tuple[Call, ...]:
        return tuple(map_refs(layer.calls[old], ref) for old in order[layer.name])

    return replace(
        graph,
        layers=tuple(replace(layer, calls=calls(layer)) for layer in graph.layers),
        inputs=tuple(ref(item) for item in graph.inputs),
        outputs=tuple(ref(item) for item in graph.outputs),
    )
