"""Which masks MultiHeadAttention of Keras 3 takes away from the tensors it is called on.

Its call clears `_keras_mask` of query, value and key (keras/src/layers/attention/
multi_head_attention.py), so that whatever runs later on the same tensor finds none: in
`Add()([x, attention(x, x)])` x has no mask any more, and so has the sum. Keras runs calls by depth,
the distance to the model's outputs, the greatest first (keras/src/ops/function.py, `map_graph`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from tfjs_serve.graph import Call, Graph, Layer, TensorRef

Place: TypeAlias = tuple[str, int]
"""A layer and one of its calls."""

TAKERS = frozenset({"MultiHeadAttention"})

TRANSPARENT = frozenset(
    (
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        *("GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity", "ActivityRegularization"),
    )
)
"""Classes that return, at inference, the very tensor they were given."""


def taken_masks(graph: Graph) -> Mapping[tuple[Place, TensorRef], bool]:
    """Return where a mask is gone (True), and where nobody can tell (False)."""
    layers = {layer.name: layer for layer in graph.layers}
    calls = {(layer.name, i): call for layer in graph.layers for i, call in enumerate(layer.calls)}
    takers = [place for place in calls if layers[place[0]].class_name in TAKERS]
    if not takers:
        return {}
    depths = _depths(calls)
    readers: dict[TensorRef, list[tuple[Place, TensorRef]]] = {}
    for place, call in calls.items():
        for ref in dict.fromkeys(call.needs):
            readers.setdefault(_same(layers, ref), []).append((place, ref))
    found: dict[tuple[Place, TensorRef], bool] = {}
    for taker in takers:
        for source in {_same(layers, ref) for ref in calls[taker].needs}:
            for place, ref in readers[source]:
                is_shared = (place[0], 1) in calls or (taker[0], 1) in calls
                if place == taker or (depths[place] > depths[taker] and not is_shared):
                    continue
                is_sure = depths[place] < depths[taker] and not is_shared
                found[place, ref] = found.get((place, ref), True) and is_sure
    return found


def _same(layers: Mapping[str, Layer], ref: TensorRef) -> TensorRef:
    """Return the tensor that this one is another name of."""
    for _ in layers:
        layer = layers[ref.layer]
        is_linear = layer.class_name == "Activation" and layer.config.get("activation") == "linear"
        inputs = layer.calls[ref.call].inputs
        if not inputs or not (is_linear or layer.class_name in TRANSPARENT):
            break
        ref = inputs[0]
    return ref


def _depths(calls: Mapping[Place, Call]) -> Mapping[Place, int]:
    """Return how far each call is from the outputs of the model, at most."""
    depths = dict.fromkeys(calls, 0)
    for _ in calls:  # one round when layers stand in the order tensors flow
        before = dict(depths)
        for place, call in reversed(list(calls.items())):
            for ref in call.needs:
                maker = (ref.layer, ref.call)
                depths[maker] = max(depths[maker], depths[place] + 1)
        if depths == before:
            break
    return depths
