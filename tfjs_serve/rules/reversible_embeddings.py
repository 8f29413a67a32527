"""A ReversibleEmbedding becomes an Embedding and, for calls in reverse, a Dense.

Before: ReversibleEmbedding {"input_dim": 7, "output_dim": 3} called on ids, and on h in reverse
After:  Embedding {"input_dim": 7, "output_dim": 3} on ids, and on h a Dense {"units": 7} without
        bias whose kernel is the table transposed, called `<name>__reverse`

Keras 3.15 alone has the class (keras/src/layers/core/reversible_embedding.py). A table of its own
for the way back is taken as it is; a soft cap c of the logits is c * tanh(logits / c). A mask ends
at a call in reverse: masks are followed before there is a Dense, which would keep it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tfjs_serve.errors import Reason
from tfjs_serve.graph import (
    Call,
    Computed,
    Graph,
    Layer,
    TensorRef,
    Values,
    Weight,
    map_refs,
    walk_layers,
    with_graphs,
)
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.lowering.mask_flow import is_reverse
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal

CLASS = "ReversibleEmbedding"

OWN_FIELDS = ("tie_weights", "reverse_dtype", "logit_soft_cap")

TIED = "is two layers here: further training also trains its table and the way back apart"


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Make two layers of each, nested models and wrapped layers included."""
    found = [layer for layer in walk_layers(graph.layers) if layer.class_name == CLASS]
    if not found:
        return None
    reasons = tuple(
        Reason(f"not supported yet: {why}", layer.name, layer.class_name)
        for layer in found
        for why in _denied(layer)
    )
    if reasons:
        return Refusal(reasons)
    notes = tuple(
        Note(TIED, layer.name, NoteKind.TRAINING)
        for layer in found
        if layer.config.get("tie_weights", True) and any(map(is_reverse, layer.calls))
    )
    return GraphRewrite(_split(graph), notes)


def _denied(layer: Layer) -> Iterator[str]:
    """Yield what keeps a layer from being called in reverse."""
    if not any(map(is_reverse, layer.calls)):
        return
    cap, dtype = layer.config.get("logit_soft_cap"), layer.config.get("reverse_dtype")
    if dtype not in (None, "float32"):
        yield f"reverse_dtype = {dtype!r}"
    if cap is not None and not (is_number(cap) and cap != 0):
        yield f"logit_soft_cap = {cap!r}"
    if layer.config.get("lora_rank") is not None:
        yield "called in reverse with a table of low rank beside its own"
    if _kernel(layer) is None:
        yield "called in reverse with a table that the file does not hold"


def _wrapped(part: Layer) -> Layer:
    """Return a wrapped layer, which is called forward alone."""
    parts = {field: _wrapped(deeper) for field, deeper in part.parts.items()}
    part = replace(part, parts=parts)
    return _forward(part, part.calls) if part.class_name == CLASS else part


def _split(graph: Graph) -> Graph:
    moved: dict[TensorRef, TensorRef] = {}
    layers: list[Layer] = []
    for layer in graph.layers:
        if layer.class_name != CLASS:
            layer = with_graphs(layer, _split)
            parts = {field: _wrapped(part) for field, part in layer.parts.items()}
            layers.append(replace(layer, parts=parts))
            continue
        ways: dict[bool, list[Call]] = {False: [], True: []}
        end = _reverse_names(layer)[-1]
        for index, call in enumerate(layer.calls):
            way = ways[is_reverse(call)]
            name = end if is_reverse(call) else layer.name
            moved[TensorRef(layer.name, index)] = TensorRef(name, len(way))
            way.append(Call(call.args[:1], {}, call.shapes))
        if ways[False]:
            layers.append(_forward(layer, tuple(ways[False])))
        if ways[True]:
            layers.extend(_backward(layer, tuple(ways[True])))

    def ref(old: TensorRef) -> TensorRef:
        return moved.get(old, old)

    return replace(
        graph,
        layers=tuple(
            replace(layer, calls=tuple(map_refs(call, ref) for call in layer.calls))
            for layer in layers
        ),
        inputs=tuple(map(ref, graph.inputs)),
        outputs=tuple(map(ref, graph.outputs)),
    )


def _forward(layer: Layer, calls: tuple[Call, ...]) -> Layer:
    config = {key: item for key, item in layer.config.items() if key not in OWN_FIELDS}
    weights = tuple(weight for weight in layer.weights if weight.name != "reverse_embeddings")
    return replace(layer, class_name="Embedding", config=config, calls=calls, weights=weights)


def _reverse_names(layer: Layer) -> list[str]:
    steps = [f"{layer.name}__reverse"]
    if layer.config.get("logit_soft_cap") is not None:
        steps += [f"{layer.name}__{what}" for what in ("quotient", "tanh", "capped")]
    return steps


def _backward(layer: Layer, calls: tuple[Call, ...]) -> list[Layer]:
    shared = {name: layer.config[name] for name in ("trainable", "dtype") if name in layer.config}
    kernel = _kernel(layer)
    dense = {"units": layer.config["input_dim"], "use_bias": False, "activation": "linear"}
    cap = layer.config.get("logit_soft_cap")
    steps: list[tuple[str, dict[str, Any]]] = [("Dense", dense)]
    if cap is not None:
        steps += [
            ("Rescaling", {"scale": 1 / cap, "offset": 0.0}),
            ("Activation", {"activation": "tanh"}),
            ("Rescaling", {"scale": float(cap), "offset": 0.0}),
        ]
    made: list[Layer] = []
    for name, (class_name, config) in zip(_reverse_names(layer), steps, strict=True):
        weights = () if made or kernel is None else (Weight("kernel", kernel),)
        made.append(Layer(name, class_name, {**shared, **config}, calls, weights))
        calls = tuple(Call((TensorRef(name, index),)) for index in range(len(calls)))
    return made


def _kernel(layer: Layer) -> Values | None:
    """Return the matrix [output_dim, input_dim]; None where the file does not hold it."""
    stored = {weight.name: weight.values for weight in layer.weights}
    if not layer.config.get("tie_weights", True):
        return stored.get("reverse_embeddings")
    table = stored.get("embeddings")
    if table is None or len(table.shape) != 2:
        return None
    return Computed(table.shape[::-1], (table,), lambda values: values.T, ("transposed",))
