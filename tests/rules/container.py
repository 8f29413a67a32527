"""The loop in which tfjs makes a model from its config, on names in place of layers.

Follows `Container.fromConfig` of tfjs-layers 4.22 (src/engine/container.ts 1197-1320) statement by
statement, so that the node indices it hands out are those of a browser.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

Made: TypeAlias = tuple[str, int]
"""A layer and the place of a node among its `inbound_nodes`; -1 for a node of its own."""

MODELS = ("Functional", "Model", "Sequential")


def make(config: Mapping[str, Any]) -> dict[str, list[Made]]:
    """Return the nodes of every layer in the order they were made.

    Raises RuntimeError where tfjs would look for ever for a tensor that never comes.
    """
    nodes, _ = _run(config)
    return nodes


def inputs_of(config: Mapping[str, Any]) -> dict[Made, list[tuple[Made, int]]]:
    """Return, for each node, the node and output that every one of its tensors came from."""
    _, inputs = _run(config)
    return inputs


def ends(config: Mapping[str, Any], key: str) -> list[tuple[Made, int]]:
    """Return the nodes that `input_layers` or `output_layers` lead to."""
    nodes = make(config)
    return [(nodes[name][index], output) for name, index, output in config[key]]


def _run(
    config: Mapping[str, Any],
) -> tuple[dict[str, list[Made]], dict[Made, list[tuple[Made, int]]]]:
    layers: Sequence[Mapping[str, Any]] = config["layers"]
    nodes: dict[str, list[Made]] = {}
    inputs: dict[Made, list[tuple[Made, int]]] = {}
    unprocessed: dict[str, list[tuple[int, Any]]] = {}
    for layer in layers:
        # Inputs and models have a node as soon as they are constructed.
        has_own = layer["class_name"] in (*MODELS, "InputLayer")
        nodes[layer["name"]] = [(layer["name"], -1)] if has_own else []
        for place, data in enumerate(layer["inbound_nodes"]):
            unprocessed.setdefault(layer["name"], []).append((place, data))
    while unprocessed:
        before = sum(map(len, unprocessed.values()))
        for layer in layers:
            name = layer["name"]
            for place, data in unprocessed.pop(name, []):
                if any(len(nodes[ref[0]]) <= ref[1] for ref in data):
                    unprocessed.setdefault(name, []).append((place, data))
                    continue
                inputs[name, place] = [(nodes[ref[0]][ref[1]], ref[2]) for ref in data]
                nodes[name].append((name, place))
        if sum(map(len, unprocessed.values())) == before:
            raise RuntimeError(f"tfjs would never end: {unprocessed}")
    return nodes, inputs
