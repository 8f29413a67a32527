"""Recurrent layers without a mask are told so, in a model in which others have one.

Before: LSTM (x, mask=m), LSTM (y)
After:  LSTM (x, mask=m), LSTM (y, mask=true)

Once a layer of tfjs has had a mask, all later ones that are called without one get that mask
(engine/executor.ts 338); `mask=true` stands for one that lets every step through. A Softmax becomes
an activation, which reads no mask. Initial states are handed on in the same way, and in nested
models always (layers/recurrent.ts, `apply`): recurrent layers that could run later are refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer, TensorRef, tensors, walk_layers
from tfjs_serve.lowering.mask_flow import RECURRENT
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal, with_fields


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Guard layers from the masks and states of others."""
    has_masks = any(_brings_mask(layer) for layer in walk_layers(graph.layers))
    reasons = tuple(_mixed_states(graph, is_shared=has_masks))
    if reasons:
        return Refusal(reasons)
    changed = _guarded(graph) if has_masks else graph
    return None if changed == graph else GraphRewrite(changed)


def _brings_mask(layer: Layer) -> bool:
    """Tell whether tfjs will see a mask: in front of a recurrent layer or for a Masking."""
    is_masked = any("mask" in call.kwargs for call in layer.calls)
    return layer.class_name == "Masking" or (_is_recurrent(layer) and is_masked)


def _is_recurrent(layer: Layer) -> bool:
    """Tell whether a layer loops over time in tfjs; a GRU with reset_after is unrolled."""
    is_both = layer.class_name == "Bidirectional" and "layer" in layer.parts
    inner = layer.parts["layer"] if is_both else layer
    return inner.class_name in RECURRENT and not inner.config.get("reset_after")


def _guarded(graph: Graph) -> Graph:
    return replace(graph, layers=tuple(_guarded_layer(layer) for layer in graph.layers))


def _guarded_layer(layer: Layer) -> Layer:
    parts = {name: _guarded_part(layer, part) for name, part in layer.parts.items()}
    layer = replace(_plain_softmax(layer), parts=parts)
    if layer.graph is not None:
        return replace(layer, graph=_guarded(layer.graph))
    if not _is_recurrent(layer):
        return layer
    calls = tuple(Call(call.args, {"mask": True, **call.kwargs}) for call in layer.calls)
    return replace(layer, calls=calls)


def _guarded_part(layer: Layer, part: Layer) -> Layer:
    """Return a wrapped layer; one that is called on each step is called like any other."""
    part = _plain_softmax(part)
    if layer.class_name != "TimeDistributed":
        return part
    return _guarded_layer(part if part.calls else replace(part, calls=(Call(),)))


def _plain_softmax(layer: Layer) -> Layer:
    is_masked = any("mask" in call.kwargs for call in layer.calls)
    if layer.class_name != "Softmax" or layer.config.get("axis", -1) != -1 or is_masked:
        return layer
    changed = with_fields(layer, {"activation": "softmax"}, "axis")
    return replace(changed, class_name="Activation")


def _mixed_states(graph: Graph, *, is_shared: bool) -> Iterator[Reason]:
    """Yield a refusal of each layer with initial states that another one might take for its own.

    is_shared: whether the layers of the graph are called with the same arguments object.
    """
    recurrent = [
        (layer, index)
        for layer in graph.layers
        if _is_recurrent(layer)
        for index in range(len(layer.calls))
    ]
    for layer, index in recurrent if is_shared else ():
        call = layer.calls[index]
        if len(call.inputs) < 2 and not any(tensors(call.kwargs.get("initial_state"))):
            continue
        before = _before(graph, TensorRef(layer.name, index))
        # tfjs runs a layer again for each of its outputs that is used.
        is_run_again = len(_used_outputs(graph, layer.name, index)) > 1
        if is_run_again or any((other.name, place) not in before for other, place in recurrent):
            yield Reason(_MIXED, layer.name, layer.class_name)
    for layer in graph.layers:
        if layer.graph is not None:
            yield from _mixed_states(layer.graph, is_shared=True)


def _before(graph: Graph, end: TensorRef) -> set[tuple[str, int]]:
    """Return the calls that are done before a call is, itself included."""
    layers = {layer.name: layer for layer in graph.layers}
    found: set[tuple[str, int]] = set()
    waiting = [end]
    while waiting:
        ref = waiting.pop()
        if (ref.layer, ref.call) not in found:
            found.add((ref.layer, ref.call))
            waiting.extend(layers[ref.layer].calls[ref.call].needs)
    return found


def _used_outputs(graph: Graph, name: str, index: int) -> set[int]:
    calls = [call for layer in graph.layers for call in layer.calls]
    refs = [*graph.outputs, *(ref for call in calls for ref in call.needs)]
    return {ref.output for ref in refs if (ref.layer, ref.call) == (name, index)}


_MIXED = (
    "not supported yet: initial states, in a model with masks or inside another one, that "
    "TensorFlow.js would hand on to a recurrent layer that runs later, or to this one again"
)
