"""Recurrent layers with the weights of cuDNN get those of Keras.

Before: CuDNNLSTM {"units": u}, kernel [f, 4u], recurrent_kernel [u, 4u], bias [8u]
After:  LSTM {"units": u, "activation": "tanh", "recurrent_activation": "sigmoid"}, bias [4u]; each
        gate of the recurrent kernel is transposed, each gate of the kernel read column by column,
        and the bias is the sum of its halves; CuDNNGRU becomes a GRU with reset_after, bias [2, 3u]

An LSTM or GRU whose bias is as long as that of cuDNN has its weights, too: Keras loads them into
it. Source: keras/engine/saving.py at tag 2.3.1, `_convert_rnn_weights`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Computed, Graph, Layer, Weight, map_layers, walk_layers
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal, with_fields

Array: TypeAlias = npt.NDArray[Any]

GATES = {"LSTM": 4, "GRU": 3}
FIELDS = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}


def rewrite(graph: Graph, context: Context) -> GraphRewrite | Refusal | None:
    """Give layers of cuDNN their classes and all weights of cuDNN Keras's arrangement."""
    layers = tuple(walk_layers(graph.layers))
    if not any(_is_cudnn(layer) or _has_cudnn_weights(layer) for layer in layers):
        return None
    reasons = tuple(
        Reason(_RESETS_BEFORE, layer.name, layer.class_name)
        for layer in layers
        if layer.class_name == "GRU"
        and _has_cudnn_weights(layer)
        and not layer.config.get("reset_after")
    )
    return Refusal(reasons) if reasons else GraphRewrite(map_layers(graph, _plain))


def _is_cudnn(layer: Layer) -> bool:
    return layer.class_name in ("CuDNNLSTM", "CuDNNGRU")


def _has_cudnn_weights(layer: Layer) -> bool:
    gates = GATES.get(layer.class_name.removeprefix("CuDNN"))
    shapes = {weight.name: weight.shape for weight in layer.weights}
    units, *_ = *shapes.get("recurrent_kernel", ()), 0
    return gates is not None and units > 0 and shapes.get("bias") == (2 * gates * units,)


def _plain(layer: Layer) -> Layer:
    class_name = layer.class_name.removeprefix("CuDNN")
    if _has_cudnn_weights(layer):
        weights = tuple(_arranged(weight, class_name) for weight in layer.weights)
        layer = replace(layer, weights=weights)
    if not _is_cudnn(layer):
        return layer
    fields = FIELDS | ({"reset_after": True} if class_name == "GRU" else {})
    return replace(with_fields(layer, fields), class_name=class_name)


def _arranged(weight: Weight, class_name: str) -> Weight:
    gates, shape = GATES[class_name], weight.shape
    compute: Callable[[Array], Array]
    if weight.name == "bias":
        halves = (2, shape[0] // 2)
        shape = halves if class_name == "GRU" else halves[1:]

        def compute(values: Array) -> Array:
            both = values.reshape(halves)
            return both if class_name == "GRU" else both.sum(axis=0)

    elif weight.name == "kernel":

        def compute(values: Array) -> Array:
            parts = np.split(values, gates, axis=1)
            return np.concatenate([p.T.reshape(p.shape, order="F") for p in parts], axis=1)

    else:

        def compute(values: Array) -> Array:
            return np.concatenate([p.T for p in np.split(values, gates, axis=1)], axis=1)

    key = ("cudnn", class_name, weight.name)
    return Weight(weight.name, Computed(shape, (weight.values,), compute, key))


_RESETS_BEFORE = (
    "its weights are those of a CuDNNGRU, which resets after the matrix product, and the layer "
    "resets before it (reset_after = False)"
)
