"""One layer on its way through the rules and the catalog, with the layers that come of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Applied
from tfjs_serve.rewriting.guarded import guarded
from tfjs_serve.rewriting.layout import called_on, pattern, reconnected
from tfjs_serve.rewriting.order import Order
from tfjs_serve.rewriting.rule import (
    INPUT,
    Context,
    Known,
    LayerRule,
    Lowering,
    Refusal,
    Rewrite,
    not_supported,
)
from tfjs_serve.rewriting.supported import checked
from tfjs_serve.rewriting.told import Told
from tfjs_serve.shapes import Shapes, output_shapes


@dataclass(frozen=True, slots=True)
class Made:
    """What stands for a layer, and the shapes of its outputs; None where a refusal hides them.

    known: the value that stands for its output, when it makes no tensor.
    """

    lowering: Lowering
    outputs: Shapes | None
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class LayerRun:
    """The rules, and what they tell of the layers they are offered.

    nested: returns the layer of a nested model with all layers of that model translated.
    """

    context: Context
    order: Order
    told: Told
    nested: Callable[[Layer], Layer]

    def made(self, layer: Layer, given: Shapes) -> Made:
        """Return what stands for a layer with one call, after all rules and the catalog."""
        before = len(self.told.reasons)
        if layer.graph is not None:
            layer = self.nested(layer)
            if len(self.told.reasons) > before:
                return _refused(layer)
        context = replace(self.context, shapes=_input_shapes(layer, given))
        place, is_clean = 0, not layer.parts
        while step := self.order.step(layer.class_name, place):
            rule, place = step
            if layer.is_custom and not rule.is_for_custom:
                continue
            if rule.needs_parts and not is_clean:
                layer, is_clean = self.with_parts(layer, given), True
            if len(self.told.reasons) > before:
                return _refused(layer)
            result = self.offered(rule, layer, context)
            if isinstance(result, Lowering):
                return self.flattened(layer, result, given)
            if isinstance(result, Known):
                return Made(Lowering((), ()), (), result)
            if isinstance(result, Rewrite):
                layer = result.layer
                # A rule may have turned named tensors into inputs.
                context = replace(context, shapes=_input_shapes(layer, given))
            elif isinstance(result, Refusal):
                return _refused(layer)
        if not is_clean:
            layer = self.with_parts(layer, given)
        if len(self.told.reasons) > before:
            return _refused(layer)
        final = guarded(_last_word, layer, context)
        if isinstance(final, Refusal):
            self.told.reasons.extend(final.reasons)
            return _refused(layer)
        self.told.notes.extend(final.notes)
        return self.alone(final.layer, given)

    def offered(
        self, rule: LayerRule, layer: Layer, context: Context
    ) -> Rewrite | Lowering | Known | Refusal | None:
        """Return what a rule makes of a layer, once it is told."""
        try:
            result = guarded(rule.rewrite, layer, context)
        except ShapeError as error:
            # An input without a shape was refused before, which fails the model.
            result = Refusal(()) if None in context.shapes else not_supported(layer, str(error))
        if isinstance(result, Refusal):
            self.told.reasons.extend(result.reasons)
        elif result is not None:
            self.told.notes.extend(result.notes)
            self.told.applied.append(Applied(rule.name, layer.name))
        return result

    def alone(self, layer: Layer, given: Shapes) -> Made:
        """Return a layer that stands for itself, with the outputs its shapes tell of."""
        inputs = _input_shapes(layer, given)
        try:
            shapes = output_shapes(layer, inputs)
        except ShapeError as error:
            if None not in inputs:
                self.told.refuse(layer, f"not supported yet: {error}")
            return _refused(layer)
        refs = tuple(TensorRef(layer.name, 0, i) for i in range(len(shapes)))
        return Made(Lowering((layer,), refs), shapes)

    def with_parts(self, layer: Layer, given: Shapes) -> Layer:
        """Return a wrapper with the layers it holds after all rules."""
        inside = _shapes_inside(layer, given)
        if not inside:
            self.told.refuse(layer, "called on nothing")
            return layer
        parts = {name: self.part(layer, part, inside) for name, part in layer.parts.items()}
        return replace(layer, parts=parts)

    def part(self, layer: Layer, part: Layer, given: Shapes) -> Layer:
        """Return a wrapped layer after all rules; it is refused in the wrapper's name."""
        before = len(self.told.reasons)
        call = part.calls[0] if part.calls else Call()
        part = replace(part, calls=(Call((TensorRef(INPUT),), call.kwargs, call.shapes),))
        lowering = self.made(part, given).lowering
        self.told.wrap(before, layer, part)
        return lowering.layers[0] if len(lowering.layers) == 1 else _as_model(part, lowering, given)

    def flattened(self, layer: Layer, lowering: Lowering, given: Shapes) -> Made:
        """Return a lowering whose layers have been through all rules themselves."""
        flow = {TensorRef(INPUT, 0, i): shape for i, shape in enumerate(given)}
        stands_for: dict[TensorRef, TensorRef] = {}
        known: dict[TensorRef, Value] = {}
        layers: list[Layer] = []
        for part in lowering.layers:
            (call,) = called_on(part, known).calls
            refs = tuple(dict.fromkeys(call.needs))
            before = len(self.told.reasons)
            inner = self.made(
                replace(part, calls=(pattern(call),)), tuple(flow.get(ref) for ref in refs)
            )
            if len(self.told.reasons) > before:
                self.told.rename(before, layer)
                return _refused(layer)
            if inner.known:
                known[TensorRef(part.name)] = inner.known.value
            outside = {
                TensorRef(INPUT, 0, i): stands_for.get(ref, ref) for i, ref in enumerate(refs)
            }
            layers.extend(reconnected(item, outside) for item in inner.lowering.layers)
            for output, ref in enumerate(inner.lowering.outputs):
                own = TensorRef(part.name, 0, output)
                stands_for[own] = outside.get(ref, ref)
                if inner.outputs is not None:
                    flow[own] = inner.outputs[output]
        outputs = tuple(stands_for.get(ref, ref) for ref in lowering.outputs)
        missing = [ref.output for ref in lowering.outputs if ref not in flow]
        if missing and None not in given:
            self.told.refuse(layer, f"not supported yet: makes no output {missing[0]}")
        shapes = None if missing else tuple(flow[ref] for ref in lowering.outputs)
        return Made(Lowering(tuple(layers), outputs), shapes)


def _last_word(layer: Layer, context: Context) -> Rewrite | Refusal:
    return checked(layer, context.options)


def _refused(layer: Layer) -> Made:
    return Made(Lowering((layer,), (TensorRef(layer.name),)), None)


def _input_shapes(layer: Layer, given: Shapes) -> Shapes:
    """Return the shapes of a call's inputs in their order, a repeated one repeated."""
    return tuple(given[ref.output] for ref in layer.calls[0].inputs)


def _shapes_inside(layer: Layer, given: Shapes) -> Shapes:
    """Return what the wrapped layer of a wrapper is called with."""
    if layer.class_name == "TimeDistributed":
        return tuple(None if shape is None else (shape[0], *shape[2:]) for shape in given[:1])
    return given[:1]


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
