"""Runs the rules over a model: every layer after the layers it is fed by, then the whole model.

Nothing is best effort: a layer that a rule refuses, or that the catalog does not list with just
these values, fails the model, and all refusals are collected before it does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfjs_serve.artifacts import Note
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.graph import Graph, GraphKind, Layer, Shape, TensorRef, tensors
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rules.rule import Context, GraphRule, LayerRule, Refusal
from tfjs_serve.rules.supported import checked
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
    generation: int,
    layer_rules: Sequence[LayerRule],
    graph_rules: Sequence[GraphRule],
) -> Translated:
    """Return the model after all rules; ConversionError with every reason at once."""
    run = _Run(generation, layer_rules)
    graph = run.graph(graph)
    context = Context(generation)
    for rule in graph_rules:
        result = rule.rewrite(graph, context)
        if isinstance(result, Refusal):
            run.reasons.extend(result.reasons)
        elif result is not None:
            graph = result.graph
            run.notes.extend(result.notes)
            run.applied.append(Applied(rule.name, None))
    if run.reasons:
        reasons = tuple(dict.fromkeys(run.reasons))
        raise ConversionError(_headline(reasons), reasons)
    return Translated(graph, tuple(dict.fromkeys(run.notes)), tuple(run.applied))


def _headline(reasons: Sequence[Reason]) -> str:
    first = str(reasons[0])
    rest = len(reasons) - 1
    return first if not rest else f"{first} (and {rest} more reason{'s' if rest > 1 else ''})"


Call = tuple[str, int]
"""A layer's name and the number of one of its calls."""


@dataclass(frozen=True, slots=True)
class _Finished:
    """A layer after all rules, as its first call, with inputs of these shapes, made it."""

    layer: Layer
    is_good: bool
    shapes: tuple[Shape | None, ...]


@dataclass(slots=True)
class _Run:
    generation: int
    rules: Sequence[LayerRule]
    notes: list[Note] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)

    def graph(self, graph: Graph) -> Graph:
        """Return the graph with every layer rewritten, in the order tensors flow."""
        finished: dict[str, _Finished] = {}
        flow: dict[Call, tuple[Shape, ...] | None] = {}
        waiting = [(layer, index) for layer in graph.layers for index in range(len(layer.calls))]
        while waiting:
            later = []
            for layer, index in waiting:
                call = layer.calls[index]
                # Those passed by name, too: a rule may make inputs of them.
                needed = tensors((call.args, *call.kwargs.values()))
                if any((ref.layer, ref.call) not in flow for ref in needed):
                    later.append((layer, index))
                    continue
                shapes = self.shapes(layer, index, flow)
                if layer.name not in finished:
                    finished[layer.name] = self.checked_layer(layer, shapes)
                final = self.shared(layer, finished[layer.name], shapes)
                flow[layer.name, index] = (
                    self.outputs(final.layer, self.shapes(final.layer, index, flow))
                    if final.is_good
                    else None
                )
            if len(later) == len(waiting):
                self.reasons.append(Reason(_CIRCLE, later[0][0].name, later[0][0].class_name))
                break
            waiting = later
        for ref in graph.outputs:
            made = flow.get((ref.layer, ref.call))
            if made is not None and ref.output >= len(made):
                why = f"returns output {ref.output} of {ref.layer!r}, which has {len(made)}"
                self.reasons.append(Reason(f"model {graph.name!r} {why}"))
            if graph.kind is GraphKind.SEQUENTIAL and made is not None and len(made) > 1:
                self.reasons.append(Reason(_SEVERAL, ref.layer, graph.layer(ref.layer).class_name))
        done = {name: final.layer for name, final in finished.items()}
        return replace(graph, layers=tuple(done.get(layer.name, layer) for layer in graph.layers))

    def shapes(
        self, layer: Layer, index: int, flow: Mapping[Call, tuple[Shape, ...] | None]
    ) -> tuple[Shape | None, ...]:
        """Return the input shapes of one call of a layer."""
        return tuple(self.shape(layer, ref, flow) for ref in layer.calls[index].inputs)

    def shape(
        self, layer: Layer, ref: TensorRef, flow: Mapping[Call, tuple[Shape, ...] | None]
    ) -> Shape | None:
        """Return the shape of a tensor, None where an earlier refusal hides it."""
        shapes = flow[ref.layer, ref.call]
        if shapes is not None and ref.output >= len(shapes):
            why = f"is called on output {ref.output} of {ref.layer!r}, which has {len(shapes)}"
            self.reasons.append(Reason(why, layer.name, layer.class_name))
            return None
        return None if shapes is None else shapes[ref.output]

    def outputs(self, layer: Layer, shapes: Sequence[Shape | None]) -> tuple[Shape, ...] | None:
        """Return the shapes of one call's outputs, None where a refusal hides them."""
        known = [shape for shape in shapes if shape is not None]
        if len(known) < len(shapes):
            return None
        try:
            return call_shapes(layer, known)
        except ShapeError as error:
            why = f"not supported yet: {error}"
            self.reasons.append(Reason(why, layer.name, layer.class_name))
            return None

    def checked_layer(self, layer: Layer, shapes: tuple[Shape | None, ...]) -> _Finished:
        """Return one layer after all rules and the catalog, and whether none refused it."""
        before = len(self.reasons)
        final = self.layer(layer, shapes)
        return _Finished(final, len(self.reasons) == before, shapes)

    def shared(self, layer: Layer, final: _Finished, shapes: tuple[Shape | None, ...]) -> _Finished:
        """Return the finished layer for one more call; it must suit that one, too."""
        if not final.is_good or None in shapes or shapes == final.shapes:
            return final
        again = _Run(self.generation, self.rules)
        if again.layer(layer, shapes) != final.layer or again.reasons:
            why = _SHARED
        elif _is_bound(final, shapes):
            why = _BOUND
        else:
            return final
        self.reasons.append(Reason(why, layer.name, layer.class_name))
        return replace(final, is_good=False)

    def part(self, layer: Layer, part: Layer, shapes: tuple[Shape | None, ...]) -> Layer:
        """Return a wrapped layer after all rules; it is refused in the wrapper's name."""
        before = len(self.reasons)
        final = self.layer(part, shapes)
        self.reasons[before:] = [
            replace(
                reason,
                layer=layer.name,
                class_name=layer.class_name,
                why=f"{reason.why} in its {part.class_name}",
            )
            for reason in self.reasons[before:]
        ]
        return final

    def layer(self, layer: Layer, shapes: tuple[Shape | None, ...]) -> Layer:
        """Return one layer, the layers inside it first, after all rules and the catalog."""
        if layer.graph is not None:
            layer = replace(layer, graph=self.graph(layer.graph))
        inside = _shapes_inside(layer, shapes)
        parts = {name: self.part(layer, part, inside) for name, part in layer.parts.items()}
        layer = replace(layer, parts=parts)
        context = Context(self.generation, shapes)
        for rule in self.rules:
            result = rule.rewrite(layer, context)
            if isinstance(result, Refusal):
                self.reasons.extend(result.reasons)
                return layer
            if result is not None:
                layer = result.layer
                self.notes.extend(result.notes)
                self.applied.append(Applied(rule.name, layer.name))
        final = checked(layer)
        if isinstance(final, Refusal):
            self.reasons.extend(final.reasons)
            return layer
        self.notes.extend(final.notes)
        return final.layer


_SHARED = "not supported yet: shared by inputs whose shapes need different translations"

_BOUND = "not supported yet: shared by inputs of different shapes"

_SEVERAL = "not supported yet: returns several tensors at the end of a Sequential model"

_CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


def _is_bound(final: _Finished, shapes: tuple[Shape | None, ...]) -> bool:
    """Tell whether tfjs refuses these inputs after those of the layer's first call."""
    spec = CATALOG.get(final.layer.class_name)
    axis = None if spec is None else spec.bound_from
    pairs = zip(final.shapes, shapes, strict=False)
    return axis is not None and any((a or ())[axis:] != (b or ())[axis:] for a, b in pairs)


def _shapes_inside(layer: Layer, shapes: tuple[Shape | None, ...]) -> tuple[Shape | None, ...]:
    """Return what the wrapped layer of a wrapper is called with."""
    if layer.class_name == "TimeDistributed":
        return tuple(None if shape is None else (shape[0], *shape[2:]) for shape in shapes)
    return shapes
