"""Nested models written out in the model that calls them.

A nested model is a way to name a part of a graph: its layers, called once for each of its calls,
compute the same. TensorFlow.js names weights by layer and by nothing above it (engine/container.ts
605), so that even those keep their names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import partial

from tfjs_serve.graph import (
    Call,
    Graph,
    GraphKind,
    Layer,
    TensorRef,
    Value,
    map_refs,
    tensors,
)
from tfjs_serve.lowering.run_order import Order, Place, run_order
from tfjs_serve.rewriting.rule import with_fields


def can_be_inlined(layer: Layer) -> bool:
    """Tell whether a nested model is called with nothing but tensors, and masks for them."""
    return layer.graph is not None and all(
        call.kwargs.keys() <= {"mask"} and len(call.inputs) == len(layer.graph.inputs)
        for call in layer.calls
    )


def inlined(graph: Graph, names: Collection[str]) -> Graph:
    """Return a graph with the nested models of these names written out.

    A mask that such a model is called with stays as the argument of a copy of its input.
    """
    written = _written(graph, names)
    layers: list[Layer] = []
    stands_for: dict[TensorRef, TensorRef] = {}
    for layer in graph.layers:
        if layer.name in written:
            layers += written[layer.name].layers()
            stands_for |= written[layer.name].outputs()
        else:
            layers.append(layer)

    def resolved(ref: TensorRef) -> TensorRef:
        while ref in stands_for:
            ref = stands_for[ref]
        return ref

    return replace(
        graph,
        kind=GraphKind.FUNCTIONAL,
        layers=tuple(
            replace(layer, calls=tuple(map_refs(call, resolved) for call in layer.calls))
            for layer in layers
        ),
        outputs=tuple(resolved(ref) for ref in graph.outputs),
    )


def inlined_order(graph: Graph, names: Collection[str], order: Order) -> Order:
    """Return the order in which Keras 3 runs the calls of the graph that `inlined` returns.

    order: that of the graph before. A nested model runs as a whole where it is called.
    """
    written = _written(graph, names)
    found: list[Place] = []
    for place in order:
        model = written.get(place[0])
        found += (place,) if model is None else model.order(place[1])
    return tuple(found)


def _written(graph: Graph, names: Collection[str]) -> Mapping[str, _Written]:
    """Return the nested models of these names, with what their layers will be called."""
    taken = {layer.name for layer in graph.layers} - set(names)
    found: dict[str, _Written] = {}
    for layer in graph.layers:
        if layer.name in names and layer.graph is not None:
            free = _free_names(layer, layer.graph, taken)
            found[layer.name] = _Written(layer, layer.graph, free)
            taken |= set(free.values())
    return found


def _free_names(layer: Layer, graph: Graph, taken: set[str]) -> Mapping[str, str]:
    """Return new names of inner layers: their own, unless the graph has a layer called so."""
    names: dict[str, str] = {}
    for inner in graph.layers:
        name = inner.name
        while name in taken or name in names.values():
            name = f"{layer.name}__{name}"
        names[inner.name] = name
    return names


@dataclass(frozen=True, slots=True)
class _Written:
    """A nested model whose layers become layers of the graph around it."""

    layer: Layer
    graph: Graph
    names: Mapping[str, str]

    def layers(self) -> list[Layer]:
        """Return the layers, those that only stood for inputs left out."""
        sources = {ref.layer for ref in self.graph.inputs}
        found = self._copies()
        for inner in self.graph.layers:
            if inner.name in sources:
                continue
            calls = tuple(
                map_refs(call, partial(self.outside, index))
                for index in range(len(self.layer.calls))
                for call in inner.calls
            )
            made = replace(inner, name=self.names[inner.name], calls=calls)
            found.append(made if self.layer.config.get("trainable", True) else _frozen(made))
        return found

    def order(self, index: int) -> Order:
        """Return the order of the calls that stand for one call of the model."""
        sources = {ref.layer for ref in self.graph.inputs}
        call = self.layer.calls[index]
        copies = [
            (self._copy(place, index), 0)
            for place in range(len(call.inputs))
            if _masks(call, place) is not None
        ]
        inner = [
            (self.names[name], index * len(self.graph.layer(name).calls) + own)
            for name, own in run_order(self.graph)
            if name not in sources
        ]
        return (*copies, *inner)

    def outputs(self) -> Mapping[TensorRef, TensorRef]:
        """Return what stands for the outputs of the model, call by call."""
        return {
            TensorRef(self.layer.name, index, output): self.outside(index, ref)
            for index in range(len(self.layer.calls))
            for output, ref in enumerate(self.graph.outputs)
        }

    def outside(self, index: int, ref: TensorRef) -> TensorRef:
        """Return a tensor of the model as it is called for the `index`-th time."""
        if ref in self.graph.inputs:
            place = self.graph.inputs.index(ref)
            if _masks(self.layer.calls[index], place) is not None:
                return TensorRef(self._copy(place, index))
            return self.layer.calls[index].inputs[place]
        count = len(self.graph.layer(ref.layer).calls)
        return TensorRef(self.names[ref.layer], index * count + ref.call, ref.output)

    def _copies(self) -> list[Layer]:
        found = []
        for index, call in enumerate(self.layer.calls):
            for place, source in enumerate(call.inputs):
                if (mask := _masks(call, place)) is not None:
                    made = Call((source,), {"mask": mask})
                    config = {"activation": "linear"}
                    found.append(Layer(self._copy(place, index), "Activation", config, (made,)))
        return found

    def _copy(self, place: int, index: int) -> str:
        return f"{self.layer.name}__input_{place}_{index}"


def _masks(call: Call, place: int) -> TensorRef | None:
    """Return the mask that a call gives for one of its inputs."""
    value: Value = call.kwargs.get("mask")
    if isinstance(value, tuple):
        value = value[place] if place < len(value) else None
    return next(tensors(value), None)


def _frozen(layer: Layer) -> Layer:
    return with_fields(layer, {"trainable": False})
