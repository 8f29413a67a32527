"""Which tensors MultiHeadAttention of Keras 3 takes masks away from.

Its call clears `_keras_mask` of query, value and key (keras/src/layers/attention/
multi_head_attention.py), so that whatever runs later on the same tensor finds none: in
`Add()([x, attention(x, x)])` x has no mask any more, and so has the sum. A nested model that is
called with a mask gives it to the tensor again (keras/src/models/functional.py, `call`).
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.graph import Graph, Layer, TensorRef, walk_layers

TAKERS = frozenset({"MultiHeadAttention"})

TRANSPARENT = frozenset(
    (
        *("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"),
        *("GaussianNoise", "GaussianDropout", "AlphaDropout", "Identity", "ActivityRegularization"),
    )
)
"""Classes that return, at inference, the very tensor they were given."""


def same_tensor(layers: Mapping[str, Layer], ref: TensorRef) -> TensorRef:
    """Return the tensor that this one is another name of."""
    for _ in layers:
        layer = layers[ref.layer]
        is_linear = layer.class_name == "Activation" and layer.config.get("activation") == "linear"
        inputs = layer.calls[ref.call].inputs
        if not inputs or not (is_linear or layer.class_name in TRANSPARENT):
            break
        ref = inputs[0]
    return ref


def has_copies(graph: Graph) -> bool:
    """Tell whether layers may be given copies of tensors, cast to the dtype they compute in."""
    dtypes = {str(layer.config.get("dtype")) for layer in walk_layers(graph.layers)}
    return any(word in dtype for dtype in dtypes for word in ("float16", "float64"))
