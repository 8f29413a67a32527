"""Recurrent layers without a mask are told so, in a model in which others have one.

Before: LSTM (x, mask=m), LSTM (y)
After:  LSTM (x, mask=m), LSTM (y, mask=true)

Once a layer of tfjs has had a mask, all later ones that are called without one get that mask
(engine/executor.ts 338); `mask=true` stands for one that lets every step through. A Softmax becomes
an activation, which reads no mask.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Graph, Layer, walk_layers
from tfjs_serve.lowering.mask_flow import RECURRENT
from tfjs_serve.rewriting.rule import Context, GraphRewrite, with_fields


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Guard layers from the masks of others."""
    if not any(_brings_mask(layer) for layer in walk_layers(graph.layers)):
        return None
    changed = _guarded(graph)
    return None if changed == graph else GraphRewrite(changed)


def _brings_mask(layer: Layer) -> bool:
    """Tell whether tfjs will see a mask: in front of a recurrent layer or for a Masking."""
    is_masked = any("mask" in call.kwargs for call in layer.calls)
    reads = _is_recurrent(layer) or layer.class_name == "TimeDistributed"
    return layer.class_name == "Masking" or (reads and is_masked)


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
