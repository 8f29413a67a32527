"""The order in which Keras 3 runs the calls of a graph.

It runs them by depth, the distance to the outputs, the greatest first, and those of one depth as a
search from the outputs found them (keras/src/ops/function.py, `map_graph` and `_build_map`). All
calls of a shared layer count from the deepest one found before. The order matters where a call
changes what another one finds: MultiHeadAttention takes masks away (lowering/taken_masks.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

from tfjs_serve.graph import Call, Graph, TensorRef, tensors

Place: TypeAlias = tuple[str, int]
"""A layer and one of its calls."""

Order: TypeAlias = tuple[Place, ...]


def run_order(graph: Graph) -> Order:
    """Return the calls in the order in which Keras 3 runs them; those it never runs come last."""
    calls = {(layer.name, i): call for layer in graph.layers for i, call in enumerate(layer.calls)}
    parents = {
        place: [parent for parent in _parents(call) if parent in calls]
        for place, call in calls.items()
    }
    found = _searched(parents, graph.outputs)
    depths = _depths(parents, found)
    places = sorted(depths, key=lambda place: -depths[place])
    return (*places, *(place for place in calls if place not in depths))


def _parents(call: Call) -> list[Place]:
    """Return the calls whose tensors one takes, named arguments in order of their names."""
    named = [call.kwargs[name] for name in sorted(call.kwargs)]
    return [(ref.layer, ref.call) for ref in tensors((*call.args, *named))]


def _searched(parents: Mapping[Place, Sequence[Place]], ends: Sequence[TensorRef]) -> list[Place]:
    """Return the calls behind the outputs, each after those it waits for."""
    done: dict[Place, None] = {}
    seen: set[Place] = set()
    for place in ((end.layer, end.call) for end in ends):
        waiting = [(place, iter(parents[place]))] if place in parents else []
        seen.add(place)
        while waiting:
            place, rest = waiting[-1]
            parent = next((item for item in rest if item not in seen), None)
            if parent is None:
                done.setdefault(place)
                waiting.pop()
            else:
                seen.add(parent)
                waiting.append((parent, iter(parents[parent])))
    return list(done)


def _depths(
    parents: Mapping[Place, Sequence[Place]], found: Sequence[Place]
) -> Mapping[Place, int]:
    """Return how far calls are from the outputs, in the order in which Keras comes to them."""
    depths: dict[Place, int] = {}
    layers: dict[str, int] = {}
    for place in reversed(found):
        depth = max(depths.setdefault(place, 0), layers.get(place[0], 0))
        layers[place[0]] = depths[place] = depth
        for parent in parents[place]:
            depths[parent] = max(depth + 1, depths.get(parent, 0))
    return depths
