"""What Keras computes in integers is marked where that is exact, else refused.

Before: keras.ops.Cast {"dtype": "int32"} (x > 0), tf.one_hot (words, 10), words of int32
After:  both {"whole": true}: a Cast that changes no number, a one_hot that need not cut fractions

Refused are layers that cut the fractions off what they make of integers, and whatever may overflow
8 or 16 bits: every number in the result is a float32.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from tfjs_serve.errors import Reason
from tfjs_serve.graph import OPERATION_PREFIX, Graph, Layer, TensorRef, walk_graphs, with_graphs
from tfjs_serve.lowering.asked import WHOLE
from tfjs_serve.lowering.number_kinds import (
    COUNTS,
    FUNCTIONS_OF_KERAS2,
    MOVES,
    Kind,
    Kinds,
    asked_dtype,
    kind_called_on,
    kind_of,
    kind_of_dtype,
    kinds_of,
    word,
)
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal, with_fields

COMPUTE_IN_INTEGERS: Mapping[int, frozenset[str]] = {
    2: frozenset(f"GlobalAveragePooling{rank}D" for rank in (1, 2, 3))
    | {f"{OPERATION_PREFIX}Norm", "keras.backend.mean"},
    3: frozenset(
        {"GroupNormalization", "LayerNormalization", "RMSNormalization", "SpectralNormalization"}
    )
    | {
        f"{OPERATION_PREFIX}{name}"
        for name in ("LayerNorm", "Moments", "RGBToGrayscale", "RMSNorm", "Resize")
    },
}
"""Generation of Keras -> what loses the fractions of its results on integers (measured)."""

IN_BOOLEANS = frozenset({"Diff", "Dot", "FullLike", "Inner", "Matmul", "Tensordot", "Vdot"})
"""Operations that make truth values of truth values, of which no number but 0 and 1 is left."""

KEEPS_BITS = frozenset({"InputLayer", "Cast", "OneHot", "TimeDistributed"}) | MOVES | COUNTS
"""What makes integers of 8 or 16 bits that hold whatever it computes.

Sums of Keras 3 are of 32 bits.
"""

SUMS_OF_KERAS3 = frozenset({"Nanprod", "Nansum", "Prod", "Sum", "Trace"})


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Mark or refuse what is called on whole numbers, nested models included."""
    generation = 3 if context.generation >= 3 else 2
    reasons = tuple(
        reason for model in walk_graphs(graph) for reason in _reasons(model, generation)
    )
    if reasons:
        return Refusal(reasons)
    marked = _marked(graph, generation)
    return None if marked == graph else GraphRewrite(marked)


def _marked(graph: Graph, generation: int) -> Graph:
    kinds = kinds_of(graph, generation)
    layers = (
        with_graphs(layer, lambda inner: _marked(inner, generation)) for layer in graph.layers
    )
    return replace(graph, layers=tuple(_with_mark(layer, kinds) for layer in layers))


def _with_mark(layer: Layer, kinds: Kinds) -> Layer:
    name = word(layer)
    if name not in ("Cast", "OneHot") or not layer.calls:
        return layer
    given = {kind_called_on(call, kinds) for call in layer.calls}
    if name == "Cast":
        wanted = kind_of_dtype(asked_dtype(layer, layer.calls[0]))
        fitting = {
            Kind.WHOLE: {Kind.WHOLE, Kind.SHORT, Kind.TRUTH},
            Kind.SHORT: {Kind.TRUTH},
        }.get(wanted, set())
    else:
        fitting = {Kind.WHOLE, Kind.SHORT, Kind.TRUTH}
    return with_fields(layer, {WHOLE: True}) if given <= fitting else layer


def _reasons(graph: Graph, generation: int) -> Iterator[Reason]:
    kinds = kinds_of(graph, generation)
    if not kinds:
        return
    why = f"not supported yet: called with integers, with which Keras {generation} computes in"
    for layer in graph.layers:
        given = {kind_called_on(call, kinds) for call in layer.calls if call.needs}
        if given - {Kind.FLOAT} and _loses_fractions(layer, generation):
            yield Reason(f"{why} integers", layer.name, layer.class_name)
        elif word(layer) in IN_BOOLEANS and Kind.TRUTH in given:
            yield Reason(f"{why} booleans", layer.name, layer.class_name)
        elif _may_overflow(layer, kinds, generation) or (
            Kind.SHORT in given and _sums(layer.parts.get("layer", layer))
        ):
            yield Reason(f"{why} 8 or 16 bits", layer.name, layer.class_name)


def _loses_fractions(layer: Layer, generation: int) -> bool:
    """Tell whether a layer computes in the integers it is called on, or the one inside it does."""
    worker = layer.parts.get("layer", layer)  # of a wrapper the wrapped layer does the work
    names = {layer.class_name, worker.class_name, layer.config.get("function")}
    if layer.class_name in FUNCTIONS_OF_KERAS2:
        names.add(f"{OPERATION_PREFIX}{word(layer)}")
    if worker.class_name == "UpSampling2D" and generation >= 3:
        return bool(worker.config.get("interpolation", "nearest") != "nearest")
    if worker.class_name == "ReLU":
        bounds = (worker.config.get(name) for name in ("max_value", "threshold"))
        return any(isinstance(bound, float) and bound % 1 != 0 for bound in bounds)
    if word(layer) == "FullLike":
        (call, *_) = layer.calls
        return any(isinstance(v, float) and v % 1 for v in (*call.args, *call.kwargs.values()))
    return bool(names & COMPUTE_IN_INTEGERS[generation])


def _sums(layer: Layer) -> bool:
    """Tell whether a layer computes in the bits of its inputs before it makes floats."""
    return layer.class_name == "Average" or (
        layer.class_name == "ReLU" and bool(layer.config.get("negative_slope"))
    )


def _may_overflow(layer: Layer, kinds: Kinds, generation: int) -> bool:
    if layer.graph is not None or word(layer) in KEEPS_BITS:
        return False
    if generation >= 3 and word(layer) in SUMS_OF_KERAS3:
        return False
    made = (kind_of(TensorRef(layer.name, index), kinds) for index in range(len(layer.calls)))
    return Kind.SHORT in made
