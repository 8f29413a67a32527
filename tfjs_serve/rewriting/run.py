"""One run of the rules through a model: its layers as tensors flow, then the model itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, GraphKind, Layer, Shape, TensorRef, flow_order
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Applied
from tfjs_serve.rewriting.custom import shape_advice
from tfjs_serve.rewriting.guarded import guarded
from tfjs_serve.rewriting.layer_run import LayerRun
from tfjs_serve.rewriting.layout import as_called, laid_out, lowered_shapes, pattern
from tfjs_serve.rewriting.order import Order
from tfjs_serve.rewriting.rule import Context, GraphRule, Lowering, Refusal
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


class Run:
    """The rules on their way through one model, what they have told so far and seen."""

    def __init__(self, context: Context, order: Order) -> None:
        """Begin with nothing told."""
        self.context = context
        self.order = order
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
        finished: dict[str, _Finished] = {}
        shapes: dict[TensorRef, Shape | None] = {}
        made: dict[tuple[str, int], int | None] = {}
        calls, waiting = flow_order(graph)
        for layer, index in calls:
            refs = tuple(dict.fromkeys(layer.calls[index].needs))
            given = tuple(self.shape(graph, layer, ref, shapes, made) for ref in refs)
            if layer.name not in finished:
                finished[layer.name] = self.finish(layer, given, index)
            final = self.shared(layer, index, finished[layer.name], given)
            outputs = self.outputs(layer, index, final, given)
            made[layer.name, index] = None if outputs is None else len(outputs)
            self.seen.setdefault((*self._path, layer.name), outputs or ())
            for output, shape in enumerate(outputs or ()):
                shapes[TensorRef(layer.name, index, output)] = shape
        if waiting:
            self.told.refuse(waiting[0][0], _CIRCLE)
        for ref in graph.outputs:
            count = made.get((ref.layer, ref.call))
            if count is not None and ref.output >= count:
                why = f"returns output {ref.output} of {ref.layer!r}, which has {count}"
                self.told.reasons.append(Reason(f"model {graph.name!r} {why}"))
            if graph.kind is GraphKind.SEQUENTIAL and count is not None and count > 1:
                self.told.refuse(graph.layer(ref.layer), _SEVERAL)
        return (
            graph
            if len(self.told.reasons) > before
            else laid_out(graph, {name: final.lowering for name, final in finished.items()})
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
        made = self._layers.made(one, given)
        is_good = len(self.told.reasons) == before
        return _Finished(made.lowering, made.outputs, is_good, given, call)

    def shared(self, layer: Layer, index: int, final: _Finished, given: Shapes) -> _Finished:
        """Return the finished layer for one more call; it must suit that one, too."""
        if index == final.call or not final.is_good or None in given:
            return final
        made = pattern(layer.calls[final.call])
        if given == final.shapes and pattern(layer.calls[index]) == made:
            return final
        again = Run(self.context, self.order)
        if again.finish(layer, given, index).lowering != final.lowering or again.told.reasons:
            why = _SHARED
        elif _is_bound(final, given):
            why = _BOUND
        else:
            return final
        self.told.refuse(layer, why)
        return replace(final, is_good=False)


_SHARED = "not supported yet: shared by inputs whose shapes need different translations"

_BOUND = "not supported yet: shared by inputs of different shapes"

_SEVERAL = "not supported yet: returns several tensors at the end of a Sequential model"

_HIDDEN = "a custom layer whose output shape the file does not tell"

_CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


def _hiding(graph: Graph, ref: TensorRef) -> Layer:
    """Return the custom layer for which the shape of a tensor is not known."""
    while True:
        layer = graph.layer(ref.layer)
        if layer.graph is not None:
            graph, ref = layer.graph, layer.graph.outputs[ref.output]
        elif layer.keeps_shape and layer.calls[ref.call].inputs:
            ref = layer.calls[ref.call].inputs[0]
        else:
            return layer


def _is_bound(final: _Finished, given: Shapes) -> bool:
    """Tell whether tfjs refuses these inputs after those of the layer's first call."""
    if len(final.lowering.layers) != 1:
        return False
    spec = CATALOG.get(final.lowering.layers[0].class_name)
    axis = None if spec is None else spec.bound_from
    pairs = zip(final.shapes, given, strict=False)
    return axis is not None and any((a or ())[axis:] != (b or ())[axis:] for a, b in pairs)
