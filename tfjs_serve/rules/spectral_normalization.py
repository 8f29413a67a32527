"""A SpectralNormalization becomes the layer that it holds.

Before: SpectralNormalization {"layer": Dense {"units": 4}} called "s"
After:  Dense {"units": 4} called "s"

The stored kernel has been normalized by the last training step; Keras divides it again in
training only (layers/normalization/spectral_normalization.py).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.artifacts import Note, NoteKind
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

LEFT_OUT = "SpectralNormalization is left out: it matters to training only"


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Put the wrapped layer in the place of its wrapper."""
    if layer.class_name != "SpectralNormalization" or "layer" not in layer.parts:
        return None
    part = layer.parts["layer"]
    is_trained = all(item.config.get("trainable", True) for item in (layer, part))
    inner = with_fields(part, {"trainable": is_trained})
    inner = replace(inner, name=layer.name, calls=layer.calls)
    return Lowering(
        (inner,), (TensorRef(layer.name),), (Note(LEFT_OUT, layer.name, NoteKind.DROPPED),)
    )
