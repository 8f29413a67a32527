"""Kernels of a model that ran on Theano are flipped.

Before: Conv2D of a file with the attribute backend = theano, kernel [rows, columns, ...]
After:  Conv2D, kernel [::-1, ::-1, ...]

Theano convolves, TensorFlow.js correlates. Keras does the same when it loads such a file
(keras/engine/saving.py at tag 2.3.1, `_need_convert_kernel`), for Conv1D, 2D, 3D, Conv2DTranspose
and ConvLSTM2D: depthwise kernels Keras itself flips on Theano (backend/theano_backend.py 2002).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Graph, Layer, Weight, map_layers, walk_layers
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, GraphRewrite

FLIPPED = {
    "Conv1D": ("kernel",),
    "Conv2D": ("kernel",),
    "Conv3D": ("kernel",),
    "Conv2DTranspose": ("kernel",),
    "ConvLSTM2D": ("kernel", "recurrent_kernel"),
}
"""Weights with kernels, by class."""

PADDED = (*FLIPPED, "DepthwiseConv2D", "SeparableConv2D", "MaxPooling", "AveragePooling")


def rewrite(graph: Graph, context: Context) -> GraphRewrite | None:
    """Flip all kernels of a model whose file says that it ran on Theano."""
    layers = tuple(walk_layers(graph.layers))
    if context.backend != "theano":
        return None
    notes = tuple(
        Note(_PADS_EVENLY, layer.name, kind=NoteKind.ACCURACY)
        for layer in layers
        if layer.class_name.startswith(PADDED)
        and layer.config.get("padding") == "same"
        and _is_uneven(layer)
    )
    if not notes and not any(layer.class_name in FLIPPED for layer in layers):
        return None
    return GraphRewrite(map_layers(graph, _flipped), notes)


def _flipped(layer: Layer) -> Layer:
    names = FLIPPED.get(layer.class_name, ())
    return replace(layer, weights=tuple(_flip(w) if w.name in names else w for w in layer.weights))


def _flip(weight: Weight) -> Weight:
    axes = tuple(range(len(weight.shape) - 2))

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return np.flip(values, axes)

    return Weight(weight.name, Computed(weight.shape, (weight.values,), compute, ("flipped",)))


def _is_uneven(layer: Layer) -> bool:
    """Tell whether TensorFlow may pad one side more than the other."""
    windows = [layer.config.get(field) for field in ("kernel_size", "pool_size", "strides")]
    size, strides = windows[0] or windows[1] or (), windows[2] or ()
    has_even = any(isinstance(n, int) and n % 2 == 0 for n in _lengths(size))
    return has_even or any(n != 1 for n in _lengths(strides))


def _lengths(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)


_PADS_EVENLY = (
    "was computed on Theano, which pads 'same' windows evenly on both sides; here they are padded "
    "as Keras on TensorFlow does, as when Keras loads this file: numbers may differ at the borders"
)
