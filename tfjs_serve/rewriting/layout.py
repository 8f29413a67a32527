"""Lowerings in a graph: written down for one call of a layer, laid out for all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, Shape, TensorRef, Value, map_refs
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import INPUT, Lowering
from tfjs_serve.shapes import Shapes, output_shapes


def lowered_shapes(lowering: Lowering, given: Shapes) -> Shapes:
    """Return the shapes of a lowering's outputs; ShapeError for input that tfjs cannot take."""
    flow = _flow(lowering, given)
    missing = [ref for ref in lowering.outputs if ref not in flow]
    if missing:
        raise ShapeError(f"makes no output {missing[0].output}")
    return tuple(flow[ref] for ref in lowering.outputs)


def input_shapes(lowering: Lowering, given: Shapes) -> Mapping[str, Shapes]:
    """Return the shapes of the inputs of every layer; ShapeError as for those of the outputs."""
    flow = _flow(lowering, given)
    return {
        layer.name: tuple(flow[ref] for ref in layer.calls[0].inputs) for layer in lowering.layers
    }


def _flow(lowering: Lowering, given: Shapes) -> Mapping[TensorRef, Shape | None]:
    flow = {TensorRef(INPUT, 0, i): shape for i, shape in enumerate(given)}
    for layer in lowering.layers:
        shapes = output_shapes(layer, [flow[ref] for ref in layer.calls[0].inputs])
        flow |= {TensorRef(layer.name, 0, i): shape for i, shape in enumerate(shapes)}
    return flow


def as_called(lowering: Lowering, call: Call) -> Lowering:
    """Return a lowering with what the file tells of the outputs of one call of its layer."""
    if len(lowering.layers) != 1:
        return lowering
    (layer,) = lowering.layers
    if not layer.is_custom and layer.graph is None:
        return lowering
    calls = tuple(replace(own, shapes=call.shapes) for own in layer.calls)
    return replace(lowering, layers=(replace(layer, calls=calls),))


def laid_out(graph: Graph, lowerings: Mapping[str, Sequence[Lowering]]) -> Graph:
    """Return the graph with every layer replaced by the lowerings of its calls.

    Layers of the same name in several of them are one layer, called by each.
    """
    stands_for: dict[TensorRef, TensorRef] = {}
    places = {name: _places(found) for name, found in lowerings.items()}
    for layer in graph.layers:
        for index, call in enumerate(layer.calls):
            refs = tuple(dict.fromkeys(call.needs))
            for output, ref in enumerate(lowerings[layer.name][index].outputs):
                own = TensorRef(layer.name, index, output)
                place = None if ref.layer == INPUT else places[layer.name][ref.layer, index]
                stands_for[own] = refs[ref.output] if place is None else replace(ref, call=place)

    def resolved(ref: TensorRef) -> TensorRef:
        while (next_ref := stands_for.get(ref, ref)) != ref:
            ref = next_ref
        return ref

    def instance(layer: Layer, part: Layer, index: int) -> Call:
        call = layer.calls[index]
        refs = tuple(dict.fromkeys(call.needs))
        known = {TensorRef(INPUT, 0, i): resolved(ref) for i, ref in enumerate(refs)}

        def outside(ref: TensorRef) -> TensorRef:
            return known.get(ref) or replace(ref, call=places[layer.name][ref.layer, index])

        made = map_refs(part.calls[0], outside)
        return Call(made.args, made.kwargs, call.shapes)

    layers: list[Layer] = []
    for layer in graph.layers:
        own_calls: dict[str, list[Call]] = {}
        parts: dict[str, Layer] = {}
        for index, lowering in enumerate(lowerings[layer.name]):
            for part in lowering.layers:
                parts.setdefault(part.name, part)
                own_calls.setdefault(part.name, []).append(instance(layer, part, index))
        layers += [replace(part, calls=tuple(own_calls[name])) for name, part in parts.items()]
    return replace(
        graph,
        kind=graph.kind if _is_chain(layers) else GraphKind.FUNCTIONAL,
        layers=tuple(layers),
        inputs=tuple(resolved(ref) for ref in graph.inputs),
        outputs=tuple(resolved(ref) for ref in graph.outputs),
    )


def _places(lowerings: Sequence[Lowering]) -> Mapping[tuple[str, int], int]:
    """Return, for each part and call of the lowered layer, which call of the part that makes."""
    counts: Counter[str] = Counter()
    found: dict[tuple[str, int], int] = {}
    for index, lowering in enumerate(lowerings):
        for part in lowering.layers:
            found[part.name, index] = counts[part.name]
            counts[part.name] += 1
    return found


def _is_chain(layers: Sequence[Layer]) -> bool:
    """Tell whether every layer is called once, on the output of the one before."""
    calls = [layer.calls for layer in layers]
    return all(len(call) == 1 for call in calls) and all(
        after.calls[0].inputs == (TensorRef(before.name),) for before, after in pairwise(layers)
    )


def pattern(call: Call) -> Call:
    """Return a call with its tensors as the inputs of a lowering, equal ones alike."""
    order = {ref: TensorRef(INPUT, 0, i) for i, ref in enumerate(dict.fromkeys(call.needs))}
    return map_refs(call, order.__getitem__)


def reconnected(layer: Layer, outside: Mapping[TensorRef, TensorRef]) -> Layer:
    """Return a layer of a lowering called on other tensors."""
    return replace(
        layer, calls=tuple(map_refs(c, lambda ref: outside.get(ref, ref)) for c in layer.calls)
    )


def called_on(layer: Layer, known: Mapping[TensorRef, Value]) -> Layer:
    """Return a layer with the values that are known in place of their tensors."""
    if not known:
        return layer
    calls = tuple(map_refs(call, lambda ref: known.get(ref, ref)) for call in layer.calls)
    return replace(layer, calls=calls)
