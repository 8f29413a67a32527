"""Lowerings in a graph: written down for one call of a layer, laid out for all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import pairwise

from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef, map_refs
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import INPUT, Lowering
from tfjs_serve.shapes import Shapes, output_shapes


def lowered_shapes(lowering: Lowering, given: Shapes) -> Shapes:
    """Return the shapes of a lowering's outputs; ShapeError for input that tfjs cannot take."""
    flow = {TensorRef(INPUT, 0, i): shape for i, shape in enumerate(given)}
    for layer in lowering.layers:
        shapes = output_shapes(layer, [flow[ref] for ref in layer.calls[0].inputs])
        flow |= {TensorRef(layer.name, 0, i): shape for i, shape in enumerate(shapes)}
    missing = [ref for ref in lowering.outputs if ref not in flow]
    if missing:
        raise ShapeError(f"makes no output {missing[0].output}")
    return tuple(flow[ref] for ref in lowering.outputs)


def as_called(lowering: Lowering, call: Call) -> Lowering:
    """Return a lowering with what the file tells of the outputs of one call of its layer."""
    if len(lowering.layers) != 1:
        return lowering
    (layer,) = lowering.layers
    if not layer.is_custom and layer.graph is None:
        return lowering
    calls = tuple(replace(own, shapes=call.shapes) for own in layer.calls)
    return replace(lowering, layers=(replace(layer, calls=calls),))


def laid_out(graph: Graph, lowerings: Mapping[str, Lowering]) -> Graph:
    """Return the graph with every layer replaced by its lowering, once for each of its calls."""
    stands_for: dict[TensorRef, TensorRef] = {}
    for layer in graph.layers:
        lowering = lowerings[layer.name]
        for index, call in enumerate(layer.calls):
            refs = tuple(dict.fromkeys(call.needs))
            for output, ref in enumerate(lowering.outputs):
                own = TensorRef(layer.name, index, output)
                is_input = ref.layer == INPUT
                stands_for[own] = refs[ref.output] if is_input else _of_call(ref, index)

    def resolved(ref: TensorRef) -> TensorRef:
        while (next_ref := stands_for.get(ref, ref)) != ref:
            ref = next_ref
        return ref

    def instance(part: Layer, index: int, call: Call) -> Call:
        refs = tuple(dict.fromkeys(call.needs))
        outside = {TensorRef(INPUT, 0, i): resolved(ref) for i, ref in enumerate(refs)}
        made = map_refs(part.calls[0], lambda ref: outside.get(ref) or _of_call(ref, index))
        return Call(made.args, made.kwargs, call.shapes)

    layers = [
        replace(part, calls=tuple(instance(part, i, call) for i, call in enumerate(layer.calls)))
        for layer in graph.layers
        for part in lowerings[layer.name].layers
    ]
    return replace(
        graph,
        kind=graph.kind if _is_chain(layers) else GraphKind.FUNCTIONAL,
        layers=tuple(layers),
        inputs=tuple(resolved(ref) for ref in graph.inputs),
        outputs=tuple(resolved(ref) for ref in graph.outputs),
    )


def _of_call(ref: TensorRef, call: int) -> TensorRef:
    return TensorRef(ref.layer, call, ref.output)


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
