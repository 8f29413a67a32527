"""A graph in the spelling TensorFlow.js reads: layer configs, node triples, weight names.

The graph must have been through the rules. Facts: tfjs-layers engine/container.ts and models.ts.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef, Weight

DIRECTIONS = {"layer": "forward", "backward_layer": "backward"}
"""Prefixes tfjs gives the two layers of a Bidirectional (layers/wrappers.ts 275)."""


def layer_config(layer: Layer) -> dict[str, Any]:
    """Return the config object of a layer that is no model."""
    config: dict[str, Any] = {"name": layer.name, **layer.config}
    if layer.class_name == "InputLayer":
        config["batch_input_shape"] = list(config.pop("shape"))
        config.pop("is_implicit", None)
    if "layer" in layer.parts:
        config["layer"] = part_config(layer.parts["layer"])
    return config


def part_config(part: Layer) -> dict[str, Any]:
    """Return the `{"class_name", "config"}` of a wrapped layer or model."""
    return _entry(part)


def model_config(graph: Graph) -> dict[str, Any]:
    """Return the `{"class_name", "config"}` of a model."""
    if graph.kind is GraphKind.SEQUENTIAL:
        config = {"name": graph.name, "layers": list(_sequential_layers(graph))}
    else:
        models = {layer.name for layer in graph.layers if layer.graph is not None}
        config = {
            "name": graph.name,
            "layers": [_functional_layer(layer, models) for layer in graph.layers],
            "input_layers": [_triple(ref, models) for ref in graph.inputs],
            "output_layers": [_triple(ref, models) for ref in graph.outputs],
        }
    return {"class_name": graph.kind.value, "config": config}


def named_weights(graph: Graph) -> Iterator[tuple[str, Weight]]:
    """Yield every weight with the name of the tfjs variable it fills, in order of layers.

    A variable is called `<layer>/<weight>` at any depth of nesting (container.ts 605).
    """
    for layer in graph.layers:
        if layer.graph is not None:
            yield from named_weights(layer.graph)
        else:
            yield from ((f"{layer.name}/{name}", weight) for name, weight in layer_weights(layer))
            for part in layer.parts.values():
                if part.graph is not None:
                    yield from named_weights(part.graph)


def layer_weights(layer: Layer) -> Iterator[tuple[str, Weight]]:
    """Yield the weights of one layer under tfjs's names, without the layer's own."""
    for weight in layer.weights:
        yield weight.name, weight
    for field, part in layer.parts.items():
        is_bidirectional = layer.class_name == "Bidirectional"
        prefix = f"{DIRECTIONS[field]}_{part.name}/" if is_bidirectional else ""
        yield from ((prefix + name, weight) for name, weight in layer_weights(part))


def _entry(layer: Layer) -> dict[str, Any]:
    if layer.graph is None:
        return {"class_name": layer.class_name, "config": layer_config(layer)}
    entry = model_config(layer.graph)
    entry["config"] = {**entry["config"], "name": layer.name}
    return entry


def _sequential_layers(graph: Graph) -> Iterator[dict[str, Any]]:
    source, *layers = graph.layers
    if not source.config.get("is_implicit") or _is_told_too_much(source, layers):
        layers = [source, *layers]
    for index, layer in enumerate(layers):
        entry = _entry(layer)
        if index == 0 and layer is not source and layer.graph is None:
            shape = list(source.config["shape"])
            entry["config"] |= {"batch_input_shape": shape, "dtype": source.config["dtype"]}
        yield entry


def _is_told_too_much(source: Layer, layers: list[Layer]) -> bool:
    """Tell whether a layer that takes the input's dtype would make its weights of it, too.

    Both are one field of a layer in tfjs (engine/topology.ts, `dtype`).
    """
    is_plain = bool(layers) and layers[0].graph is None
    return is_plain and source.config["dtype"] != "float32"


def _functional_layer(layer: Layer, models: set[str]) -> dict[str, Any]:
    is_input = layer.class_name == "InputLayer"
    nodes = [] if is_input else [_node(call, models) for call in layer.calls]
    return {**_entry(layer), "name": layer.name, "inbound_nodes": nodes}


def _node(call: Call, models: set[str]) -> list[list[Any]]:
    return [[*_triple(ref, models), {}] for ref in call.inputs]


def _triple(ref: TensorRef, models: set[str]) -> list[Any]:
    """Return `[layer, node, tensor]`: a model's node 0 is its own, not a call (models.ts)."""
    return [ref.layer, ref.call + (ref.layer in models), ref.output]
