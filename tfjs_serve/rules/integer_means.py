"""A mean of whole numbers by a function of TensorFlow is refused.

Before: TFOpLambda {"function": "math.reduce_mean"} on an Input of int32, [1, 2, 2, 2]
After:  refused (TensorFlow rounds the mean down to 1; every layer of tfjs makes it 1.75)

Keras 3 computes the mean of integers in floats. Integers come from inputs, casts and functions that
count, and pass through functions but for casts and true division, and through layers without
weights.
"""

from __future__ import annotations

from collections.abc import Iterator

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, Layer, walk_graphs
from tfjs_serve.lowering.number_kinds import Kind, kinds_of
from tfjs_serve.rewriting.rule import Context, Refusal

MEAN = "math.reduce_mean"
TO_FLOATS = ("cast", "math.truediv", "math.divide")
PASSING = (
    *("TFOpLambda", "SlicingOpLambda", "Reshape", "Flatten", "Permute", "RepeatVector"),
    *("Concatenate", "Add", "Multiply", "Subtract", "Maximum", "Minimum", "Dropout"),
)


def rewrite(graph: Graph, context: Context) -> Refusal | None:
    """Refuse means of what may be integers."""
    if context.generation > 2:
        return None
    why = f"not supported yet: {MEAN} of integers, which TensorFlow rounds down"
    found = [layer for inner in walk_graphs(graph) for layer in _means(inner)]
    return Refusal(tuple(Reason(why, f.name, f.class_name) for f in found)) if found else None


def _means(graph: Graph) -> Iterator[Layer]:
    kinds = kinds_of(graph)
    whole = {ref.layer for ref, kind in kinds.items() if kind in (Kind.WHOLE, Kind.SHORT)}
    size = -1
    while len(whole) != size:
        size = len(whole)
        whole |= {layer.name for layer in graph.layers if _passes(layer) and _takes(layer, whole)}
    for layer in graph.layers:
        if layer.config.get("function") == MEAN and _takes(layer, whole):
            yield layer


def _passes(layer: Layer) -> bool:
    return layer.class_name in PASSING and layer.config.get("function") not in TO_FLOATS


def _takes(layer: Layer, names: set[str]) -> bool:
    return any(ref.layer in names for call in layer.calls for ref in call.needs)
