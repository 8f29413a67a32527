"""A tensor passed twice to one layer becomes a tensor and copies of it.

Before: Add (x, x)
After:  Add (x, Activation {"activation": "linear"} (x))

tfjs counts one use of the tensor for each call and disposes of it twice (engine/executor.ts 327).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tfjs_serve.graph import Call, Graph, Layer, TensorRef, map_refs, walk_layers, with_graphs
from tfjs_serve.rewriting.rule import Context, GraphRewrite


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Give every call tensors that differ, nested models included."""
    if not any(_repeats(layer) for layer in walk_layers(graph.layers)):
        return None
    return GraphRewrite(_without_repeats(graph))


def _repeats(layer: Layer) -> bool:
    inputs = [call.inputs for call in layer.calls]
    return any(len(set(refs)) < len(refs) for refs in inputs)


def _without_repeats(graph: Graph) -> Graph:
    names = {layer.name for layer in graph.layers}
    layers: list[Layer] = []
    for layer in graph.layers:
        layer = with_graphs(layer, _without_repeats)
        free = _free_names(f"{layer.name}__copy", names)
        copies: list[Layer] = []
        calls = tuple(_distinct(call, copies, free) for call in layer.calls)
        layers += [*copies, replace(layer, calls=calls)]
    return replace(graph, layers=tuple(layers))


def _distinct(call: Call, copies: list[Layer], names: Iterator[str]) -> Call:
    """Return a call on a copy wherever a tensor comes again; the copies are added."""
    seen: set[TensorRef] = set()

    def ref(old: TensorRef) -> TensorRef:
        if old not in seen:
            seen.add(old)
            return old
        config = {"trainable": True, "activation": "linear"}
        copies.append(Layer(next(names), "Activation", config, (Call((old,)),)))
        return TensorRef(copies[-1].name)

    return map_refs(call, ref)


def _free_names(start: str, taken: set[str]) -> Iterator[str]:
    count = 0
    while True:
        count += 1
        name = f"{start}_{count}"
        if name not in taken:
            taken.add(name)
            yield name
