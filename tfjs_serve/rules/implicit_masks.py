"""Masks that Keras hands on behind the scenes become tensors and arguments of calls.

Before: Embedding {"mask_zero": true} (ids), LSTM (embedded)
After:  Embedding {"mask_zero": true} (ids), m = keras.ops.NotEqual (ids, 0), LSTM (embedded, m)

Keras 3 writes this form for functional models, but not for Sequential ones and not for attention;
Keras 2 writes no masks at all. Masks are never left to tfjs, which merges them wrongly (merge.ts
254) and hands a layer's mask to later layers that have none (engine/executor.ts 338). A nested
model that a mask goes into or comes out of is written out in the model around it: at run time both
Kerases hand masks through its border, whatever Keras 3 recorded when the model was built. Calls
are followed in the order in which Keras 3 makes them, since its MultiHeadAttention takes masks
from the tensors it is called on.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer, walk_layers
from tfjs_serve.lowering.mask_flow import IGNORANT, makes_mask, pruned
from tfjs_serve.lowering.mask_walk import followed, reads
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Write down the masks of a model, nested models included."""
    if not any(makes_mask(layer) or _has_mask(layer) for layer in walk_layers(graph.layers)):
        return None
    reasons: list[Reason] = []
    changed = _explicit(graph, context.generation, reasons)
    if reasons:
        return Refusal(tuple(dict.fromkeys(reasons)))
    return None if changed == graph else GraphRewrite(changed)


def _has_mask(layer: Layer) -> bool:
    return any("mask" in call.kwargs for call in layer.calls)


def _explicit(graph: Graph, generation: int, reasons: list[Reason]) -> Graph:
    """Return the model with its masks as tensors; those of Keras 3 are there already."""
    flow = followed(graph, generation)
    graph = flow.graph
    reasons.extend(flow.reasons)
    made = {layer.name: layer for layer in flow.written.layers}
    layers: list[Layer] = []
    for layer in graph.layers:
        calls = tuple(
            _without_idle_mask(layer, flow.calls.get((layer.name, index), call))
            for index, call in enumerate(layer.calls)
        )
        inner = None if layer.graph is None else _explicit(layer.graph, generation, reasons)
        parts = {
            field: part
            if part.graph is None
            else replace(part, graph=_explicit(part.graph, generation, reasons))
            for field, part in layer.parts.items()
        }
        layers.append(replace(layer, calls=calls, graph=inner, parts=parts))
    return pruned(replace(graph, layers=(*layers, *made.values())))


def masked_outputs(graph: Graph, generation: int) -> tuple[bool, ...]:
    """Tell of each output whether it has a mask in Keras, whose losses leave steps out by it."""
    flow = followed(graph, generation)
    return tuple(flow.mask(ref) is not None for ref in flow.graph.outputs)


def _without_idle_mask(layer: Layer, call: Call) -> Call:
    is_idle = layer.class_name in IGNORANT or layer.class_name == "Activation"
    if not is_idle or any(reads(part) for part in layer.parts.values()):
        return call
    return Call(call.args, {name: value for name, value in call.kwargs.items() if name != "mask"})
