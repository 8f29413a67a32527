"""The shapes that flow through a graph, and the variables TensorFlow.js will make for it.

What a class does with a shape is the catalog's knowledge; here it is carried along the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeAlias

from tfjs_serve.graph import Graph, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ExpectedWeight, ShapeError
from tfjs_serve.topology import layer_config

Flow: TypeAlias = Mapping[tuple[str, int], tuple[Shape, ...]]
"""Output shapes by layer and call."""


def call_shapes(layer: Layer, inputs: Sequence[Shape]) -> tuple[Shape, ...]:
    """Return the output shapes of one call; ShapeError for input that tfjs cannot take."""
    if layer.graph is not None:
        flow = graph_flow(layer.graph, inputs)
        return tuple(flow[ref.layer, ref.call][ref.output] for ref in layer.graph.outputs)
    spec = CATALOG[layer.class_name]
    fewest, most = spec.inputs
    if not fewest <= len(inputs) <= most:
        raise ShapeError(f"called with {len(inputs)} inputs")
    return spec.output_shapes(layer_config(layer), inputs)


def graph_flow(graph: Graph, inputs: Sequence[Shape] | None = None) -> Flow:
    """Return the output shapes of every call; `inputs` in place of the graph's own."""
    if inputs is not None and len(inputs) != len(graph.inputs):
        raise ShapeError(f"called with {len(inputs)} inputs, not {len(graph.inputs)}")
    given = {ref.layer: shape for ref, shape in zip(graph.inputs, inputs or (), strict=False)}
    flow: dict[tuple[str, int], tuple[Shape, ...]] = {}
    waiting = [(layer, index) for layer in graph.layers for index in range(len(layer.calls))]
    while waiting:
        later = []
        for layer, index in waiting:
            refs = layer.calls[index].inputs
            if layer.name in given:
                flow[layer.name, index] = (given[layer.name],)
            elif all((ref.layer, ref.call) in flow for ref in refs):
                shapes = [flow[ref.layer, ref.call][ref.output] for ref in refs]
                flow[layer.name, index] = call_shapes(layer, shapes)
            else:
                later.append((layer, index))
        if len(later) == len(waiting):
            raise ShapeError("the calls of its layers go round in a circle")
        waiting = later
    return flow


def expected_weights(graph: Graph) -> Iterator[tuple[str, ExpectedWeight]]:
    """Yield every variable tfjs will make, under its full name, in order of layers.

    A layer that no output depends on is no part of the model (engine/container.ts,
    `buildGraph` walks from the outputs).
    """
    flow = graph_flow(graph)
    reached = {name for name, _ in calls_behind(graph, graph.outputs)}
    for layer in graph.layers:
        if layer.name not in reached:
            continue
        if layer.graph is not None:
            yield from expected_weights(layer.graph)
        elif layer.class_name != "InputLayer":
            shapes = [flow[ref.layer, ref.call][ref.output] for ref in layer.calls[0].inputs]
            for weight in CATALOG[layer.class_name].weights(layer_config(layer), shapes):
                yield f"{layer.name}/{weight.name}", weight


def calls_behind(graph: Graph, tensors: Iterable[TensorRef]) -> frozenset[tuple[str, int]]:
    """Return the calls, by layer and number, that make these tensors or feed those that do."""
    layers = {layer.name: layer for layer in graph.layers}
    reached: set[tuple[str, int]] = set()
    waiting = list(tensors)
    while waiting:
        ref = waiting.pop()
        if (ref.layer, ref.call) not in reached:
            reached.add((ref.layer, ref.call))
            waiting.extend(layers[ref.layer].calls[ref.call].inputs)
    return frozenset(reached)
