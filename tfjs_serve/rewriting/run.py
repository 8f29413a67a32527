"""One run of the rules: layers as tensors flow, each through all rules and the catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tfjs_serve.artifacts import Applied, Note
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.guarded import guarded
from tfjs_serve.rewriting.layout import as_called, laid_out, lowered_shapes, pattern, reconnected
from tfjs_serve.rewriting.rule import (
    INPUT,
    Context,
    GraphRule,
    LayerRule,
    Lowering,
    Refusal,
    Rewrite,
    not_supported,
)
from tfjs_serve.rewriting.supported import checked
from tfjs_serve.shapes import Shapes, output_shapes


@dataclass(frozen=True, slots=True)
class _Finished:
    """What stands for a layer, as one of its calls, with inputs of these shapes, made it."""

    lowering: Lowering
    is_good: bool
    shapes: Shapes
    call: int


@dataclass(slots=True)
class Run:
    """The rules on their way through one model, and what they have told so far."""

    context: Context
    rules: Sequence[LayerRule]
    notes: list[Note] = field(default_factory=list)
    applied: list[Applied] = field(default_factory=list)
    reasons: list[Reason] = field(default_factory=list)
    seen: dict[tuple[str, ...], Shapes] = field(default_factory=dict)
    path: tuple[str, ...] = ()

    def apply(self, rule: GraphRule, graph: Graph) -> Graph:
        """Return the model after one rule of models."""
        result = guarded(rule.rewrite, graph, self.context)
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
                called = as_called(final.lowering, layer.calls[index])
                outputs = self.outputs(layer, called, given) if final.is_good else None
                made[layer.name, index] = None if outputs is None else len(outputs)
                self.seen.setdefault((*self.path, layer.name), outputs or ())
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
        elif count is not None and shapes.get(ref) is None and not layer.is_custom:
            why = f"not supported yet: called on the output of {ref.layer!r}, {_HIDDEN}"
            self.reasons.append(Reason(why, layer.name, layer.class_name, _SAVE_SHAPES))
        return shapes.get(ref)

    def outputs(self, layer: Layer, lowering: Lowering, given: Shapes) -> Shapes | None:
        """Return the shapes of one call's outputs, None where a refusal hides them."""
        try:
            return lowered_shapes(lowering, given)
        except ShapeError as error:
            if None not in given:
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
        again = Run(self.context, self.rules)
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
        kwargs = part.calls[0].kwargs if part.calls else {}
        part = replace(part, calls=(Call((TensorRef(INPUT),), kwargs),))
        lowering = self.lowered(part, given)
        self.reasons[before:] = [
            replace(
                reason,
                layer=layer.name,
                class_name=layer.class_name,
                why=f"{reason.why} in its {part.class_name}",
            )
            for reason in self.reasons[before:]
        ]
        return lowering.layers[0] if len(lowering.layers) == 1 else _as_model(part, lowering, given)

    def lowered(self, layer: Layer, given: Shapes) -> Lowering:
        """Return what stands for a layer with one call, after all rules and the catalog."""
        if layer.graph is not None:
            before, outer = len(self.reasons), self.path
            self.path = (*outer, layer.name)
            layer = replace(layer, graph=self.graph(layer.graph))
            self.path = outer
            if len(self.reasons) > before:
                return Lowering((layer,), (TensorRef(layer.name),))
        context = replace(self.context, shapes=_input_shapes(layer, given))
        before, is_clean = len(self.reasons), not layer.parts
        for rule in self.rules:
            if layer.is_custom and not rule.is_for_custom:
                continue
            if rule.needs_parts and not is_clean:
                layer, is_clean = self.with_parts(layer, given), True
            if len(self.reasons) > before:
                return Lowering((layer,), (TensorRef(layer.name),))
            try:
                result = guarded(rule.rewrite, layer, context)
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
        if len(self.reasons) > before:
            return Lowering((layer,), (TensorRef(layer.name),))
        final = guarded(_last_word, layer, context)
        if isinstance(final, Refusal):
            self.reasons.extend(final.reasons)
            return Lowering((layer,), (TensorRef(layer.name),))
        self.notes.extend(final.notes)
        return self.alone(final.layer, given)

    def alone(self, layer: Layer, given: Shapes) -> Lowering:
        """Return a layer that stands for itself, with the outputs its shapes tell of."""
        inputs = _input_shapes(layer, given)
        count = 1
        try:
            count = len(output_shapes(layer, inputs))
        except ShapeError as error:
            if None not in inputs:
                why = f"not supported yet: {error}"
                self.reasons.append(Reason(why, layer.name, layer.class_name))
        return Lowering((layer,), tuple(TensorRef(layer.name, 0, i) for i in range(count)))

    def with_parts(self, layer: Layer, given: Shapes) -> Layer:
        """Return a wrapper with the layers it holds after all rules."""
        inside = _shapes_inside(layer, given)
        if not inside:
            self.reasons.append(Reason("called on nothing", layer.name, layer.class_name))
            return layer
        parts = {name: self.part(layer, part, inside) for name, part in layer.parts.items()}
        return replace(layer, parts=parts)

    def flattened(self, layer: Layer, lowering: Lowering, given: Shapes) -> Lowering:
        """Return a lowering whose layers have been through all rules themselves."""
        flow = {TensorRef(INPUT, 0, i): shape for i, shape in enumerate(given)}
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


def _last_word(layer: Layer, context: Context) -> Rewrite | Refusal:
    return checked(layer, context.options)


def _input_shapes(layer: Layer, given: Shapes) -> Shapes:
    """Return the shapes of a call's inputs in their order, a repeated one repeated."""
    return tuple(given[ref.output] for ref in layer.calls[0].inputs)


def _as_model(part: Layer, lowering: Lowering, given: Shapes) -> Layer:
    """Return the model of the layers that stand for a wrapped layer, as a wrapped layer."""
    name = f"{part.name}__x"
    source = Layer(name, "InputLayer", {"shape": given[0], "dtype": "float32"}, (Call(),))
    layers = tuple(
        reconnected(item, {TensorRef(INPUT): TensorRef(name)}) for item in lowering.layers
    )
    outputs = tuple(TensorRef(name) if ref.layer == INPUT else ref for ref in lowering.outputs)
    inner = Graph(part.name, GraphKind.FUNCTIONAL, (source, *layers), (TensorRef(name),), outputs)
    trainable = {"trainable": part.config.get("trainable", True)}
    return Layer(part.name, "Functional", trainable, part.calls, graph=inner)


def _shapes_inside(layer: Layer, given: Shapes) -> Shapes:
    """Return what the wrapped layer of a wrapper is called with."""
    if layer.class_name == "TimeDistributed":
        return tuple(None if shape is None else (shape[0], *shape[2:]) for shape in given[:1])
    return given[:1]


_SHARED = "not supported yet: shared by inputs whose shapes need different translations"

_BOUND = "not supported yet: shared by inputs of different shapes"

_SEVERAL = "not supported yet: returns several tensors at the end of a Sequential model"

_HIDDEN = "a custom layer whose output shape the file does not tell"

_SAVE_SHAPES = "save the model as .keras, which tells shapes"

_CIRCLE = "its inputs are made by no layer of the model, or by layers that wait for it"


def _is_bound(final: _Finished, given: Shapes) -> bool:
    """Tell whether tfjs refuses these inputs after those of the layer's first call."""
    if len(final.lowering.layers) != 1:
        return False
    spec = CATALOG.get(final.lowering.layers[0].class_name)
    axis = None if spec is None else spec.bound_from
    pairs = zip(final.shapes, given, strict=False)
    return axis is not None and any((a or ())[axis:] != (b or ())[axis:] for a, b in pairs)
