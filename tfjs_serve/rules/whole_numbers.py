"""What Keras computes in integers is marked where that is exact, else refused.

Before: keras.ops.Cast {"dtype": "int32"} (x > 0), tf.one_hot (words, 10), words of int32
After:  both {"whole": true}: a Cast that changes no number, a one_hot that need not cut fractions

Refused are layers that divide and operations on integers of 8 or 16 bits that may overflow: every
number in the result is a float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import OPERATION_PREFIX, Graph, Layer, TensorRef, walk_graphs, with_graphs
from tfjs_serve.lowering.asked import WHOLE
from tfjs_serve.lowering.number_kinds import (
    Kind,
    Kinds,
    kind_called_on,
    kind_of,
    kind_of_dtype,
    kinds_of,
    word,
)
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal, with_fields

_COMPUTE_IN_INTEGERS = frozenset({"Average", "ReLU"})

COMPUTE_IN_INTEGERS: Mapping[int, frozenset[str]] = {
    2: _COMPUTE_IN_INTEGERS | {"GlobalAveragePooling1D", "GlobalAveragePooling2D"},
    3: _COMPUTE_IN_INTEGERS
    | {"LayerNormalization", f"{OPERATION_PREFIX}LayerNorm", f"{OPERATION_PREFIX}RMSNorm"},
}
"""Generation of Keras -> what loses the fractions of its results on integers (measured)."""

IN_BOOLEANS = frozenset({"Diff", "FullLike"})
"""Operations that make truth values of truth values, of which no number but 0 and 1 is left."""

_OVERFLOWING = frozenset(
    {"Add", "AddN", "Dot", "Multiply", "Negative", "Square", "SquaredDifference", "Subtract"}
)

OVERFLOWING = {2: _OVERFLOWING | {"Cumprod", "Cumsum", "Prod", "Sum"}, 3: _OVERFLOWING}
"""Generation of Keras -> operations that keep to 8 or 16 bits what they are called on."""


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Mark or refuse what is called on whole numbers, nested models included."""
    generation = 3 if context.generation >= 3 else 2
    reasons = tuple(
        reason for model in walk_graphs(graph) for reason in _reasons(model, generation)
    )
    if reasons:
        return Refusal(reasons)
    marked = _marked(graph)
    return None if marked == graph else GraphRewrite(marked)


def _marked(graph: Graph) -> Graph:
    kinds = kinds_of(graph)
    layers = (with_graphs(layer, _marked) for layer in graph.layers)
    return replace(graph, layers=tuple(_with_mark(layer, kinds) for layer in layers))


def _with_mark(layer: Layer, kinds: Kinds) -> Layer:
    name = word(layer)
    if name not in ("Cast", "OneHot") or not layer.calls:
        return layer
    given = {kind_called_on(call, kinds) for call in layer.calls}
    if name == "Cast":
        (call, *_) = layer.calls
        wanted = kind_of_dtype(call.kwargs.get("dtype", layer.config.get("dtype")))
        fitting = {
            Kind.WHOLE: {Kind.WHOLE, Kind.SHORT, Kind.TRUTH},
            Kind.SHORT: {Kind.TRUTH},
        }.get(wanted, set())
    else:
        fitting = {Kind.WHOLE, Kind.SHORT, Kind.TRUTH}
    return with_fields(layer, {WHOLE: True}) if given <= fitting else layer


def _reasons(graph: Graph, generation: int) -> Iterator[Reason]:
    kinds = kinds_of(graph)
    if not kinds:
        return
    why = f"not supported yet: called with integers, with which Keras {generation} computes in"
    for layer in graph.layers:
        given = {kind_called_on(call, kinds) for call in layer.calls if call.needs}
        made = {kind_of(TensorRef(layer.name, index), kinds) for index in range(len(layer.calls))}
        # Of a wrapper the wrapped layer does the work.
        worker = layer.parts.get("layer", layer)
        if worker.class_name in COMPUTE_IN_INTEGERS[generation] and given - {Kind.FLOAT}:
            yield Reason(f"{why} integers", layer.name, layer.class_name)
        elif word(layer) in IN_BOOLEANS and Kind.TRUTH in given:
            yield Reason(f"{why} booleans", layer.name, layer.class_name)
        elif word(layer) in OVERFLOWING[generation] and Kind.SHORT in made:
            yield Reason(f"{why} 8 or 16 bits", layer.name, layer.class_name)
