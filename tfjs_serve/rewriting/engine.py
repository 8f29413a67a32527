"""Runs the rules over a model: every layer after the layers it is fed by, then the whole model.

Nothing is best effort: a layer that a rule refuses, or that the catalog does not list with just
these values, fails the model, and all refusals are collected before it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfjs_serve.artifacts import Note
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.layout import laid_out, lowered_shapes, pattern, reconnected
from tfjs_serve.rewriting.rule import (
    INPUT,
    Context,
    GraphRule,
    LayerRule,
    Lowering,
    Refusal,
    not_supported,
)
from tfjs_serve.rewriting.supported import checked
from tfjs_serve.shapes import call_shapes


@dataclass(frozen=True, slots=True)
class Applied:
    """One rule that changed one layer (None: the model), for the report of a conversion."""

    rule: str
    layer: str | None


@dataclass(frozen=True, slots=True)
class Translated:
    """A model in tfjs's terms, what was done to it and what a person should know."""

    graph: Graph
    notes: tuple[Note, ...]
    applied: tuple[Applied, ...]


def translate(
    graph: Graph,
    context: Context,
    layer_rules: Sequence[LayerRule],
    graph_rules: Sequence[GraphRule],
    first_rules: Sequence[GraphRule] = (),
) -> Translated:
    """Return the model after all rules; ConversionError with every reason at once.

    first_rules, graph_rules: rewrites of the whole model before and after those of its layers.
    """
    run = _Run(context, layer_rules)
    for rule in first_rules:
        graph = run.apply(rule, graph)
    graph = run.graph(graph)
    for rule in graph_rules:
        graph = run.apply(rule, graph)
    if run.reasons:
        reasons = tuple(dict.fromkeys(run.reasons))
        raise ConversionError(_headline(reasons), reasons)
    return Translated(graph, tuple(dict.fromkeys(run.notes)), tuple(run.applied))


def _headline(reasons: Sequence[Reason]) -> str:
    first = str(reasons[0])
    rest = len(reasons) - 1
    return first if not rest else f"{first} (and {rest} more reason{'s' if rest > 1 else ''})"


Shapes = tuple[Shape | None, ...]
"""Shapes of tensors, None where an earlier refusal hides them."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """What stands for a layer, as one of its calls, with inputs of these shapes, made it."""

    lowering: Lowering
    is_good: bool
    shapes: Shapes
    call: int


@dataclass(slots=True)
class _Run:
    context: Context
    rules: Sequence[LayerRule]
    notes: list[Note] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def apply(self, rule: GraphRule, graph: Graph) -> Graph:
        """Return the model after one rule of models."""
        result = rule.rewrite(graph, self.context)
        if isinstance(result, Refusal):
            self.reasons.extend(result.reasons)
            return graph
        if result is None:
            return graph
        self.notes.extend(result.notes)
        self.applied.append(Applied(rule.name, None))
        return result.graph

    def graph(self, graph: Graph) -> Graph:
        """Return the graph with every layer translated, in the order tensors flow."""
        before = len(self.reasons)
        finished: dict[str, _Finished] = {}
        shapes: dict[TensorRef, Shape | None] = {}
        made: dict[tuple[str, int], int | None] = {}
        waiting = [(layer, index) for layer in graph.layers for index in range(len(layer.calls))]
        while waiting:
            later = []
            for layer, index in waiting:
                refs = tuple(dict.fromkeys(layer.calls[index].needs))
                if any((ref.layer, ref.call) not in made for ref in refs):
                    later.append((layer, index))
                    continue
                given = tuple(self.shape(layer, ref, shapes, made) for ref in refs)
                if layer.name not in finished:
                    finished[layer.name] = self.finish(layer, given, index)
                final = self.shared(layer, index, finished[layer.name], given)
                outputs = self.outputs(layer, final.lowering, given) if final.is_good else None
                made[layer.name, index] = None if outputs is None else len(outputs)
                for output, shape in enumerate(outputs or ()):
                    shapes[TensorRef(layer.name, index, output)] = shape
            if len(later) == len(waiting):
                self.reasons.append(Reason(_CIRCLE, later[0][0].name, later[0][0].class_name))
                break
            waiting = later
        for ref in graph.outputs:
            count = made.get((ref.layer, ref.call))
            if count is not None and ref.output >= count:
                why = f"returns output {ref.output} of {ref.layer!r}, which has {count}"
                self.reasons.append(Reason(f"model {graph.name!r} {why}"))
            if graph.kind is GraphKind.SEQUENTIAL and count is not None and count > 1:
                self.reasons.append(Reason(_SEVERAL, ref.layer, graph.layer(ref.layer).class_name))
        return (
            graph
            if len(self.reasons) > before
            else laid_out(graph, {name: final.lowering for name, final in finished.items()})
        )

    def shape(
        self,
        layer: Layer,
        ref: TensorRef,
        shapes: Mapping[TensorRef, Shape | None],
        made: Mapping[tuple[str, int], int | None],
    ) -> Shape | None:
        """Return the shape of a tensor, None where an earlier refusal hides it."""
        count = made[ref.layer, ref.call]
        if count is not None and ref.output >= count:
            why = f"is called on output {ref.output} of {ref.layer!r}, which has {count}"
            self.reasons.append(Reason(why, layer.name, layer.class_name))
        return shapes.get(ref)

    def outputs(self, layer: Layer, lowering: Lowering, given: Shapes) -> tuple[Shape, ...] | None:
        """Return the shapes of one call's outputs, None where a refusal hides them."""
        known = [shape for shape in given if shape is not None]
        if len(known) < len(given):
            return None
        try:
            return lowered_shapes(lowering, known)
        except ShapeError as error:
            why = f"not supported yet: {error}"
            self.reasons.append(Reason(why, layer.name, layer.class_name))
            return None

    def finish(self, layer: Layer, given: Shapes, call: int) -> _Finished:
        """Return what stands for a layer, as one of its calls makes it."""
        before = len(self.reasons)
        lowering = self.lowered(replace(layer, calls=(pattern(layer.calls[call]),)), given)
        return _Finished(lowering, len(self.reasons) == before, given, call)

    def shared(self, layer: Layer, index: int, final: _Finished, given: Shapes) -> _Finished:
        """Return the finished layer for one more call; it must suit that one, too."""
        if index == final.call or not final.is_good or None in given:
            return final
        made = pattern(layer.calls[final.call])
        if given == final.shapes and pattern(layer.calls[index]) == made:
            return final
        again = _Run(self.context, self.rules)
        if again.finish(layer, given, index).lowering != final.lowering or again.reasons:
            why = _SHARED
        elif _is_bound(final, given):
            why = _BOUND
        else:
            return final
        self.reasons.append(Reason(why, layer.name, layer.class_name))
        return replace(final, is_good=False)

    def part(self, layer: Layer, part: Layer, given: Shapes) -> Layer:
        """Return a wrapped layer after all rules; it is refused in the wrapper's name."""
        before = len(self.reasons)
        part = replace(part, calls=(Call((TensorRef(INPUT),)),))
        lowering = self.lowered(part, given)
        if len(lowering.layers) != 1:
            why = "not supported yet: takes several layers in TensorFlow.js"
            self.reasons.append(Reason(why, part.name, part.class_name))
        self.reasons[before:] = [
            replace(
                reason,
                layer=layer.name,
                class_name=layer.class_name,
                why=f"{reason.why} in its {part.class_name}",
            )
            for reason in self.reasons[before:]
        ]
        return lowering.layers[0] if lowering.layers else part

    def lowered(self, layer: Layer, given: Shapes) -> Lowering:
        """Return what stands for a layer with one call, after all rules and the catalog."""
        if layer.graph is not None:
            before = len(self.reasons)
            layer = replace(layer, graph=self.graph(layer.graph))
            if len(self.reasons) > before:
                return Lowering((layer,), (TensorRef(layer.name),))
        context = replace(self.context, shapes=_input_shapes(layer, given))
        is_clean = not layer.parts
        for rule in self.rules:
            if rule.needs_parts and not is_clean:
                layer, is_clean = self.with_parts(layer, given), True
            try:
                result = rule.rewrite(layer, context)
            except ShapeError as error:
                if None in context.shapes:  # an earlier refusal hides them and fails the model
                    return Lowering((layer,), (TensorRef(layer.name),))
                result = not_supported(layer, str(error))
            if isinstance(result, Refusal):
                self.reasons.extend(result.reasons)
                return Lowering((layer,), (TensorRef(layer.name),))
            if result is None:
                continue
            self.notes.extend(result.notes)
            self.applied.append(Applied(rule.name, layer.name))
            if isinstance(result, Lowering):
                return self.flattened(layer, result, given)
            layer = result.layer
            # A rule may have turned named tensors into inputs.
            context = replace(context, shapes=_input_shapes(layer, given))
        if not is_clean:
            layer = self.with_parts(layer, given)
        final = checked(layer, context.options)
        if isinstance(final, Refusal):
            self.reasons.extend(final.reasons)
            return Lowering((layer,), (TensorRef(layer.name),))
        self.notes.extend(final.notes)
        return self.alone(final.layer, given)

    def alone(self, layer: Layer, given: Shapes) -> Lowering:
        """Return a layer that stands for itself, with the outputs its shapes tell of."""
        known = [shape for shape in _input_shapes(layer, given) if shape is not None]
        count = 1
        if len(known) == len(layer.calls[0].inputs):
            try:
                count = len(call_shapes(layer, known))
            except ShapeError as error:
                why = f"not supported yet: {error}"
                self.reasons.append(Reason(why, layer.name, layer.class_name))
        return Lowering((layer,), tuple(TensorRef(layer.name, 0, i) for i in range(count)))

    def with_parts(self, layer: Layer, given: Shapes) -> Layer:
        """Return a wrapper with the layers it holds after all rules."""
        inside = _shapes_inside(layer, given)
        parts = {name: self.part(layer, part, inside) for name, part in layer.parts.items()}
        return replace(layer, parts=parts)

    def flattened(self, layer: Layer, lowering: Lowering, given: Shapes) -> Lowering:
        """Return a lowering whose layers have been through all rules themselves."""
        known = [shape for shape in given if shape is not None]
        flow = {TensorRef(INPUT, 0, i): shape for i, shape in enumerate(known)}
        stands_for: dict[TensorRef, TensorRef] = {}
        layers: list[Layer] = []
        for part in lowering.layers:
            (call,) = part.calls
            refs = tuple(dict.fromkeys(call.needs))
            shapes = tuple(flow.get(ref) for ref in refs)
            before = len(self.reasons)
            inner = self.lowered(replace(part, calls=(pattern(call),)), shapes)
            if len(self.reasons) > before:
                self.reasons[before:] = [
                    replace(reason, layer=layer.name, class_name=layer.class_name)
                    for reason in self.reasons[before:]
                ]
                return Lowering((layer,), (TensorRef(layer.name),))
            outside = {
                TensorRef(INPUT, 0, i): stands_for.get(ref, ref) for i, ref in enumerate(refs)
            }
            layers.extend(reconnected(item, outside) for item in inner.layers)
            outputs = self.outputs(layer, inner, shapes)
            for output, ref in enumerate(inner.outputs):
                own = TensorRef(part.name, 0, output)
                stands_for[own] = outside.get(ref, ref)
                if outputs is not None:
                    flow[own] = outputs[output]
        return Lowering(tuple(layers), tuple(stands_for.get(ref, ref) for ref in lowering.outputs))


def _input_shapes(layer: Layer, given: Shapes) -> Shapes:
    """Return the shapes of a call's inputs in their order, a repeated one repeated."""
    return tuple(given[ref.output] for ref in layer.calls[0].inputs)


def _shapes_inside(layer: Layer, given: Shapes) -> Shapes:
    """Return what the wrapped layer of a wrapper is called with."""
    if layer.class_name == "TimeDistributed":
        return tuple(None if shape is None else (shape[0], *shape[2:]) for shape in given[:1])
    return given[:1]


_SHARED = "not supported yet: shared by inputs whose shapes need different translations"

_BOUND = "not supported yet: shared by inputs of different shapes"

_SEVERAL = "not supported yet: returns several tensors at the end of a Sequential model"

_CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


def _is_bound(final: _Finished, given: Shapes) -> bool:
    """Tell whether tfjs refuses these inputs after those of the layer's first call."""
    if len(final.lowering.layers) != 1:
        return False
    spec = CATALOG.get(final.lowering.layers[0].class_name)
    axis = None if spec is None else spec.bound_from
    pairs = zip(final.shapes, given, strict=False)
    return axis is not None and any((a or ())[axis:] != (b or ())[axis:] for a, b in pairs)
