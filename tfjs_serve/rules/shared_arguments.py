"""Recurrent layers that would find the states of another one run in models of their own.

Before: Masking m (x), LSTM d (m, h, c), and another recurrent layer, or two outputs of d in use
After:  a model of m and d (x, h, c); one for each output of d in use, with the same weights

TensorFlow.js hands one object of named arguments to all layers of a model once there is a mask, and
to those of a nested model always (engine/executor.ts 335-341). A recurrent layer leaves its initial
states there (layers/recurrent.ts, `RNN.apply`), and the next one throws. Where the outermost model
has no mask it makes a new object for each call: nested models with such layers are written out in
it, and each Masking moves into a model together with the layer that reads its mask.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef, map_refs
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.inlining import can_be_inlined, inlined
from tfjs_serve.lowering.left_states import (
    WITH_STATES,
    known_flow,
    leaving_calls,
    leaving_models,
    used_outputs,
)
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal
from tfjs_serve.shapes import Flow, calls_behind, graph_flow


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Part the recurrent layers of a model that would hand states on to each other."""
    is_clean = not any(leaving_models(graph)) and not any(leaving_calls(graph))
    if is_clean or known_flow(graph) is None:
        return None
    changed, notes = graph, tuple[Note, ...]()
    while names := {layer.name for layer in leaving_models(changed) if can_be_inlined(layer)}:
        changed = inlined(changed, names)
    if any(leaving_calls(changed)):
        changed = _live(changed)
        parting = _Parting(changed, graph_flow(changed))
        changed = parting.parted()
        notes = (*parting.notes, Note(_NO_TRAINING, kind=NoteKind.TRAINING))
    reasons = tuple(_reasons(changed))
    if reasons:
        return Refusal(reasons)
    return GraphRewrite(changed, notes)


def _reasons(graph: Graph) -> Iterator[Reason]:
    """Yield a refusal of each layer that still leaves states to others."""
    for layer in leaving_models(graph):
        yield Reason(_LOOPED, layer.name, layer.class_name, _REMEDY)
    for layer, _ in leaving_calls(graph):
        yield Reason(_LEFT, layer.name, layer.class_name)


def _live(graph: Graph) -> Graph:
    """Return a graph without the calls that no output depends on, inputs excepted."""
    reached = calls_behind(graph, (*graph.outputs, *graph.inputs))
    kept = {
        layer.name: [i for i in range(len(layer.calls)) if (layer.name, i) in reached]
        for layer in graph.layers
    }

    def moved(ref: TensorRef) -> TensorRef:
        return replace(ref, call=kept[ref.layer].index(ref.call))

    layers = (
        replace(layer, calls=tuple(map_refs(layer.calls[i], moved) for i in kept[layer.name]))
        for layer in graph.layers
        if kept[layer.name]
    )
    return replace(graph, layers=tuple(layers), outputs=tuple(map(moved, graph.outputs)))


@dataclass(slots=True)
class _Parting:
    """An outermost model whose masks move into models of their own.

    flow: the shapes of all tensors; stands_for: what takes the place of an output.
    """

    graph: Graph
    flow: Flow
    notes: list[Note] = field(default_factory=list)
    stands_for: dict[TensorRef, TensorRef] = field(default_factory=dict)

    def parted(self) -> Graph:
        """Return the graph in which no tensor has a mask."""
        pairs = dict(self._pairs())
        maskings = {masking.name for masking in pairs.values()}
        layers: list[Layer] = []
        for layer in self.graph.layers:
            if layer.name in pairs:
                layers += self._models(layer, pairs[layer.name])
            elif layer.name not in maskings:
                layers.append(layer)

        def resolved(ref: TensorRef) -> TensorRef:
            return self.stands_for.get(ref, ref)

        return replace(
            self.graph,
            kind=GraphKind.FUNCTIONAL,
            layers=tuple(
                replace(layer, calls=tuple(map_refs(call, resolved) for call in layer.calls))
                for layer in layers
            ),
            outputs=tuple(map(resolved, self.graph.outputs)),
        )

    def _pairs(self) -> Iterator[tuple[str, Layer]]:
        """Yield each layer that alone reads a Masking, and nothing else first, with that."""
        maskings = {layer.name: layer for layer in self.graph.layers if _is_masking(layer)}
        readers: dict[str, set[str]] = {name: set() for name in maskings}
        for ref in self.graph.outputs:
            readers.get(ref.layer, set()).add("")
        for layer in self.graph.layers:
            for call in layer.calls:
                for place, ref in enumerate(call.inputs):
                    readers.get(ref.layer, set()).add(layer.name if not place else "")
        for name, masking in maskings.items():
            (reader, *others) = sorted(readers[name], reverse=True)
            if reader and not others:
                layer = self.graph.layer(reader)
                if all(call.inputs[0].layer == name for call in layer.calls):
                    yield reader, masking

    def _models(self, layer: Layer, masking: Layer) -> Iterator[Layer]:
        """Yield the models in place of a layer: one, or one for each output it is run again for."""
        used = [used_outputs(self.graph, layer.name, i) for i in range(len(layer.calls))]
        every = tuple(sorted(set().union(*used)))
        has_states = layer.class_name in WITH_STATES and len(layer.calls[0].inputs) > 1
        groups = [(output,) for output in every] if has_states else [every]
        if len(groups) > 1:
            self.notes.append(Note(_COPIES.format(len(groups)), layer.name))
        for number, outputs in enumerate(groups):
            name = layer.name if not number else f"{layer.name}__output_{outputs[0] + 1}"
            made = replace(layer, name=name)
            indices = [i for i, own in enumerate(used) if set(own) & set(outputs)]
            yield self._model(made, masking, outputs, indices, layer)

    def _model(
        self,
        made: Layer,
        masking: Layer,
        outputs: tuple[int, ...],
        indices: list[int],
        layer: Layer,
    ) -> Layer:
        """Return a model of a Masking and a layer, called where those calls are."""
        name = f"{made.name}__alone"
        calls: list[Call] = []
        for index in indices:
            first, *states = layer.calls[index].inputs
            refs = (*masking.calls[first.call].inputs, *states)
            for place, output in enumerate(outputs):
                old = TensorRef(layer.name, index, output)
                self.stands_for[old] = TensorRef(name, len(calls), place)
            calls.append(Call(refs if len(refs) == 1 else (refs,)))
        inputs = tuple(
            self._source(f"{name}__{number}", ref) for number, ref in enumerate(calls[0].inputs)
        )
        x, *states = (TensorRef(item.name) for item in inputs)
        hidden = replace(masking, name=f"{made.name}__masked", calls=(Call((x,)),))
        given = (TensorRef(hidden.name), *states)
        called = Call(given if not states else (given,), layer.calls[0].kwargs)
        inside = replace(made, calls=(called,))
        ends = tuple(TensorRef(made.name, 0, output) for output in outputs)
        graph = Graph(name, GraphKind.FUNCTIONAL, (*inputs, hidden, inside), (x, *states), ends)
        trainable = {"trainable": layer.config.get("trainable", True)}
        return Layer(name, "Functional", trainable, tuple(calls), graph=graph)

    def _source(self, name: str, ref: TensorRef) -> Layer:
        shape: Shape | None = self.flow[ref.layer, ref.call][ref.output]
        if shape is None:
            raise ShapeError("its input has no known shape")
        config = {"shape": shape, "dtype": "float32"}
        return Layer(name, "InputLayer", config, (Call(),))


def _is_masking(layer: Layer) -> bool:
    return layer.class_name == "Masking"


_COPIES = "its weights are there {} times, once for each of its outputs in use"

_NO_TRAINING = (
    "its recurrent layers with initial states predict as in Keras, but cannot be trained further: "
    "there TensorFlow.js hands states on from one layer to the next"
)
"""`fit` makes one object of arguments for the whole model (engine/training.ts 1321)."""

_LOOPED = (
    "holds a recurrent layer with initial states, which TensorFlow.js would hand on from step to "
    "step"
)

_REMEDY = "call the model on each step by itself, outside TimeDistributed"

_LEFT = (
    "has initial states beside a mask that several layers share, and TensorFlow.js would hand them "
    "on to a recurrent layer that runs later, or to this one again"
)
