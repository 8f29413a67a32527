"""One run of the rules through a model: its layers as tensors flow, then the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import (
    Graph,
    GraphKind,
    Layer,
    Shape,
    TensorRef,
    Value,
    flow_order,
)
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Applied
from tfjs_serve.rewriting.custom import LOOPS, shape_advice
from tfjs_serve.rewriting.guarded import guarded
from tfjs_serve.rewriting.layer_run import LayerRun
from tfjs_serve.rewriting.layout import as_called, called_on, laid_out, lowered_shapes, pattern
from tfjs_serve.rewriting.order import Order
from tfjs_serve.rewriting.rule import Context, GraphRule, Known, Lowering, Refusal
from tfjs_serve.rewriting.sharing import is_bound, variant
from tfjs_serve.rewriting.told import Told
from tfjs_serve.shapes import Shapes


@dataclass(frozen=True, slots=True)
class _Finished:
    """What stands for a layer, as one of its calls, with inputs of these shapes, made it."""

    lowering: Lowering
    outputs: Shapes | None
    is_good: bool
    shapes: Shapes
    call: int
    known: Known | None = None


class Run:
    """The rules on their way through one model, what they have told so far and seen."""

    def __init__(
        self, context: Context, order: Order, uneven: frozenset[tuple[str, ...]] = frozenset()
    ) -> None:
        """Begin with nothing told.

        uneven: layers, by the names that lead to them, whose calls need different translations.
        """
        self.context = context
        self.order = order
        self.uneven = uneven
        self.parted: set[tuple[str, ...]] = set()
        self.told = Told()
        self.seen: dict[tuple[str, ...], Shapes] = {}
        self._layers = LayerRun(context, order, self.told, self.nested)
        self._path: tuple[str, ...] = ()

    def apply(self, rule: GraphRule, graph: Graph) -> Graph:
        """Return the model after one rule of models."""
        result = guarded(rule.rewrite, graph, self.context)
        if isinstance(result, Refusal):
            self.told.reasons.extend(result.reasons)
            return graph
        if result is None:
            return graph
        self.told.notes.extend(result.notes)
        self.told.applied.append(Applied(rule.name, None))
        return result.graph

    def nested(self, layer: Layer) -> Layer:
        """Return a nested model with all its layers translated."""
        if layer.graph is None:
            return layer
        outer = self._path
        self._path = (*outer, layer.name)
        layer = replace(layer, graph=self.graph(layer.graph))
        self._path = outer
        return layer

    def graph(self, graph: Graph) -> Graph:
        """Return the graph with every layer translated, in the order tensors flow."""
        before = len(self.told.reasons)
        finished: dict[str, list[_Finished]] = {}
        lowerings: dict[tuple[str, int], Lowering] = {}
        shapes: dict[TensorRef, Shape | None] = {}
        made: dict[tuple[str, int], int | None] = {}
        known: dict[TensorRef, Value] = {}
        calls, waiting = flow_order(graph)
        for listed, index in calls:
            layer = called_on(listed, known)
            refs = tuple(dict.fromkeys(layer.calls[index].needs))
            given = tuple(self.shape(graph, layer, ref, shapes, made) for ref in refs)
            if layer.name not in finished or finished[layer.name][0].known:
                finished[layer.name] = [self.finish(layer, given, index)]
            if value := finished[layer.name][0].known:
                known[TensorRef(layer.name, index)] = value.value
            final = self.shared(layer, index, finished[layer.name], given)
            lowerings[layer.name, index] = final.lowering
            outputs = self.outputs(layer, index, final, given)
            made[layer.name, index] = None if outputs is None else len(outputs)
            self.seen.setdefault((*self._path, layer.name), outputs or ())
            for output, shape in enumerate(outputs or ()):
                shapes[TensorRef(layer.name, index, output)] = shape
        if waiting:
            self.told.refuse(waiting[0][0], _CIRCLE)
        graph = replace(graph, layers=tuple(called_on(layer, known) for layer in graph.layers))
        for ref in graph.outputs:
            if ref in known:
                self.told.refuse(graph.layer(ref.layer), _NO_TENSOR)
                continue
            count = made.get((ref.layer, ref.call))
            if count is not None and ref.output >= count:
                why = f"returns output {ref.output} of {ref.layer!r}, which has {count}"
                self.told.reasons.append(Reason(f"model {graph.name!r} {why}"))
            if graph.kind is GraphKind.SEQUENTIAL and count is not None and count > 1:
                self.told.refuse(graph.layer(ref.layer), _SEVERAL)
        return (
            graph
            if len(self.told.reasons) > before
            else laid_out(graph, _by_layer(graph, lowerings))
        )

    def shape(
        self,
        graph: Graph,
        layer: Layer,
        ref: TensorRef,
        shapes: Mapping[TensorRef, Shape | None],
        made: Mapping[tuple[str, int], int | None],
    ) -> Shape | None:
        """Return the shape of a tensor, None where an earlier refusal hides it."""
        count = made[ref.layer, ref.call]
        if count is not None and ref.output >= count:
            why = f"is called on output {ref.output} of {ref.layer!r}, which has {count}"
            self.told.refuse(layer, why)
        elif count is not None and shapes.get(ref) is None and not layer.is_custom:
            why = f"not supported yet: called on the output of {ref.layer!r}, {_HIDDEN}"
            self.told.refuse(layer, why, shape_advice(_hiding(graph, ref).class_name))
        return shapes.get(ref)

    def outputs(self, layer: Layer, index: int, final: _Finished, given: Shapes) -> Shapes | None:
        """Return the shapes of one call's outputs, None where a refusal hides them."""
        if index == final.call or not final.is_good:
            return final.outputs if final.is_good else None
        try:
            return lowered_shapes(as_called(final.lowering, layer.calls[index]), given)
        except ShapeError as error:
            if None not in given:
                self.told.refuse(layer, f"not supported yet: {error}")
            return None

    def finish(self, layer: Layer, given: Shapes, call: int) -> _Finished:
        """Return what stands for a layer, as one of its calls makes it."""
        before = len(self.told.reasons)
        one = replace(layer, calls=(pattern(layer.calls[call]),))
        is_uneven = (*self._path, layer.name) in self.uneven
        context = replace(self.context, is_uneven=is_uneven)
        made = replace(self._layers, context=context).made(one, given)
        is_good = len(self.told.reasons) == before
        return _Finished(made.lowering, made.outputs, is_good, given, call, made.known)

    def shared(
        self, layer: Layer, index: int, earlier: list[_Finished], given: Shapes
    ) -> _Finished:
        """Return the finished layer for one more call, among earlier ones or one more of them."""
        first = earlier[0]
        if index == first.call or not first.is_good or None in given:
            return first
        for final in earlier:
            made = pattern(layer.calls[final.call])
            if given == final.shapes and pattern(layer.calls[index]) == made:
                return final
        again = Run(self.context, self.order, self.uneven)
        again._path = self._path
        fresh = again.finish(layer, given, index)
        own = variant(fresh.lowering, first.lowering, index)
        if again.told.reasons or own is None:
            self.parted.add((*self._path, layer.name))
            why = _SHARED
        elif is_bound(first.lowering, first.shapes, own, given):
            why = _BOUND
        elif own == first.lowering:
            return first
        else:
            self.told.notes.extend(again.told.notes)
            earlier.append(replace(fresh, lowering=own))
            return earlier[-1]
        self.told.refuse(layer, why)
        return replace(first, is_good=False)


def _by_layer(
    graph: Graph, lowerings: Mapping[tuple[str, int], Lowering]
) -> Mapping[str, tuple[Lowering, ...]]:
    return {
        layer.name: tuple(lowerings[layer.name, index] for index in range(len(layer.calls)))
        for layer in graph.layers
    }


_NO_TENSOR = "is an output of the model, but a value that does not depend on what it is fed with"

_SHARED = "not supported yet: shared by inputs whose shapes need different translations"

_BOUND = "not supported yet: shared by inputs of different shapes"

_SEVERAL = "not supported yet: returns several tensors at the end of a Sequential model"

_HIDDEN = "a custom layer whose output shape the file does not tell"

_CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


def _hiding(graph: Graph, ref: TensorRef) -> Layer:
    """Return the custom layer for which the shape of a tensor is not known."""
    while True:
        layer = graph.layer(ref.layer)
        worker = layer.parts.get("layer", layer) if layer.class_name in LOOPS else layer
        if worker.graph is not None:
            graph, ref = worker.graph, worker.graph.outputs[ref.output]
        elif worker.keeps_shape and layer.calls[ref.call].inputs:
            ref = layer.calls[ref.call].inputs[0]
        else:
            return worker
