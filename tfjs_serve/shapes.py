"""The shapes that flow through a graph, and the variables TensorFlow.js will make for it.

What a class does with a shape is the catalog's knowledge; here it is carried along the calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from tfjs_serve.graph import Call, Graph, Layer, Shape, TensorRef, flow_order, walk_layers
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.companion_activations import ACTIVATION, is_own_activation
from tfjs_serve.layers_format.catalog.spec import ExpectedWeight, ShapeError
from tfjs_serve.topology import layer_config

Shapes: TypeAlias = tuple[Shape | None, ...]
"""Shapes of tensors; None where only the class of a page knows it."""

Flow: TypeAlias = Mapping[tuple[str, int], Shapes]
"""Output shapes by layer and call."""


class HiddenShapeError(ShapeError):
    """A shape that is needed is not known."""


def call_shapes(layer: Layer, inputs: Sequence[Shape]) -> tuple[Shape, ...]:
    """Return the output shapes of one call; ShapeError for input that tfjs cannot take."""
    found = output_shapes(layer, inputs)
    known = tuple(shape for shape in found if shape is not None)
    if len(known) < len(found):
        raise HiddenShapeError("the shape of its output is not known")
    return known


def output_shapes(layer: Layer, inputs: Sequence[Shape | None], call: int = 0) -> Shapes:
    """Return the output shapes of one call, those of a custom class as far as they are told.

    Raises ShapeError for input that tfjs cannot take.
    """
    if layer.is_custom:
        return _custom_shapes(layer, inputs, layer.calls[call].shapes)
    known = tuple(shape for shape in inputs if shape is not None)
    if len(known) < len(inputs):
        raise HiddenShapeError("the shape of its input is not known")
    if layer.graph is not None:
        flow = graph_flow(layer.graph, known)
        inner = [flow[ref.layer, ref.call][ref.output] for ref in layer.graph.outputs]
        if None not in inner:
            return tuple(inner)
        told = (*layer.calls[call].shapes, *(None for _ in inner))
        return tuple(shape or other for shape, other in zip(inner, told, strict=False))
    if (part := wrapped_model(layer)) is not None:
        return (_each_step(part, known),)
    spec = CATALOG.get(layer.class_name)
    if spec is None:  # no rule translates a layer whose input an earlier refusal hides
        raise HiddenShapeError(f"class {layer.class_name} is not known")
    fewest, most = spec.inputs
    if not fewest <= len(known) <= most:
        raise ShapeError(f"called with {len(known)} inputs")
    return spec.output_shapes(layer_config(layer), known)


def wrapped_model(layer: Layer) -> Layer | None:
    """Return the model that a TimeDistributed calls on each step; None for any other layer.

    The loop of tfjs calls whatever returns one tensor (layers/wrappers.ts 150).
    """
    part = layer.parts.get("layer")
    return part if layer.class_name == "TimeDistributed" and part and part.graph else None


def _each_step(part: Layer, shapes: Sequence[Shape]) -> Shape | None:
    if len(shapes) != 1:
        raise ShapeError(f"called with {len(shapes)} inputs")
    (shape,) = shapes
    if len(shape) < 3:
        raise ShapeError(f"needs input of rank 3 or more with the batch axis, got {shape}")
    made = output_shapes(replace(part, calls=(Call(),)), [(shape[0], *shape[2:])])
    if len(made) != 1:
        raise ShapeError(f"needs one output on each step, got {len(made)}")
    return made[0] and (made[0][0], shape[1], *made[0][1:])


def _custom_shapes(layer: Layer, inputs: Sequence[Shape | None], told: Shapes) -> Shapes:
    kept = inputs[0] if layer.keeps_shape and inputs else None
    return tuple(kept if shape is None else shape for shape in told)


def graph_flow(graph: Graph, inputs: Sequence[Shape] | None = None) -> Flow:
    """Return the output shapes of every call; `inputs` in place of the graph's own."""
    if inputs is not None and len(inputs) != len(graph.inputs):
        raise ShapeError(f"called with {len(inputs)} inputs, not {len(graph.inputs)}")
    given = {ref.layer: shape for ref, shape in zip(graph.inputs, inputs or (), strict=False)}
    # What the file tells of custom classes holds for the inputs that the model was built with.
    is_as_built = all(
        given[layer.name][1:] == layer.config["shape"][1:]
        for layer in graph.layers
        if layer.name in given
    )
    flow: dict[tuple[str, int], Shapes] = {}
    calls, waiting = flow_order(graph)
    for layer, index in calls:
        if layer.name in given:
            flow[layer.name, index] = (given[layer.name],)
            continue
        shapes = [flow[ref.layer, ref.call][ref.output] for ref in layer.calls[index].inputs]
        found = output_shapes(layer, shapes, index)
        if layer.is_custom and not is_as_built:
            found = _custom_shapes(layer, shapes, (None,) * len(found))
        flow[layer.name, index] = found
    if waiting:
        raise ShapeError("the calls of its layers go round in a circle")
    return flow


def expected_weights(graph: Graph, flow: Flow) -> Iterator[tuple[str, ExpectedWeight]]:
    """Yield every variable tfjs will make, under its full name, in order of layers.

    flow: of the graph with its own inputs.

    A name comes twice where calls of one layer ask for it in different shapes.

    A layer that no output depends on is no part of the model (engine/container.ts,
    `buildGraph` walks from the outputs).
    """
    reached = {name for name, _ in calls_behind(graph, graph.outputs)}
    for layer in graph.layers:
        if layer.name not in reached:
            continue
        if layer.graph is not None:
            yield from expected_weights(layer.graph, graph_flow(layer.graph))
        elif (part := wrapped_model(layer)) is not None and part.graph is not None:
            yield from expected_weights(part.graph, graph_flow(part.graph))
        elif layer.is_custom:
            for own in layer.weights:
                yield f"{layer.name}/{own.name}", ExpectedWeight(own.name, own.shape)
        elif layer.class_name != "InputLayer":
            yield from _shared_weights(layer, flow)


def _shared_weights(layer: Layer, flow: Flow) -> Iterator[tuple[str, ExpectedWeight]]:
    """Yield the variables of a layer, as often as its calls ask for them in another shape."""
    asked: dict[ExpectedWeight, None] = {}
    for call in layer.calls:
        found = [flow[ref.layer, ref.call][ref.output] for ref in call.inputs]
        shapes = [shape for shape in found if shape is not None]
        asked |= dict.fromkeys(CATALOG[layer.class_name].weights(layer_config(layer), shapes))
    for weight in asked:
        yield f"{layer.name}/{weight.name}", weight


def companion_classes(graph: Graph) -> tuple[str, ...]:
    """Return the classes a page has to register before it loads the model, in order of name."""
    found: set[str] = set()
    for layer in walk_layers(graph.layers):
        if layer.class_name in CATALOG and CATALOG[layer.class_name].needs_companion:
            found.add(layer.class_name)
        if any(map(is_own_activation, layer.config.values())):
            found.add(ACTIVATION)
    return tuple(sorted(found))


def custom_classes(graph: Graph) -> tuple[str, ...]:
    """Return the classes of their own that a page has to register, in order of name."""
    found = {layer.class_name for layer in walk_layers(graph.layers) if layer.is_custom}
    return tuple(sorted(found))


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
