"""The kernel of a Dense layer quantised to int8 becomes numbers again, with a warning.

Before: Dense {"dtype": QuantizedDTypePolicy of int8}, weights kernel (int8), kernel_scale
After:  Dense, weight kernel = kernel / kernel_scale

Keras also rounds the inputs to int8 at every call, TensorFlow.js does not: the predictions are
those of the stored kernel, nearer to the model before it was quantised (keras/src/layers/core/
dense.py, `_int8_call`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

CLASSES = ("Dense",)


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Dequantise the kernel of an int8 Dense layer."""
    by_role = {weight.name: weight for weight in layer.weights}
    if layer.class_name not in CLASSES or not by_role.keys() >= {"kernel", "kernel_scale"}:
        return None
    kernel, scale = by_role["kernel"], by_role["kernel_scale"]
    if scale.shape != kernel.shape[-1:]:
        return None
    values = Computed(kernel.shape, (kernel.values, scale.values), _divided, ("int8_dense",))
    weights = tuple(
        Weight("kernel", values) if weight is kernel else weight
        for weight in layer.weights
        if weight is not scale
    )
    text = "its int8 kernel is dequantised; Keras also rounds the layer's inputs to int8"
    plain = with_fields(layer, {}, "dtype", "quantization_config")
    return Rewrite(replace(plain, weights=weights), (Note(text, layer.name, NoteKind.ACCURACY),))


def _divided(kernel: Any, scale: Any) -> Any:
    return kernel / scale
