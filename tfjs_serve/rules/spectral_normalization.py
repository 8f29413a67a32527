"""A SpectralNormalization becomes the layer that it holds.

Before: SpectralNormalization {"layer": Dense {"units": 4}} called "s"
After:  Dense {"units": 4} called "s"

The stored kernel has been normalized by the last training step; Keras divides it again in
training only (layers/normalization/spectral_normalization.py).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, refuse, with_fields

CLASSES = ("SpectralNormalization",)

LEFT_OUT = "SpectralNormalization is left out: it matters to training only"


CUT_OFF = "Keras 3 casts what the Embedding makes to the dtype of its indices, which cuts it off"
"""`return ops.cast(output, inputs.dtype)`: of whole numbers nothing but zeros and ones is left."""


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Put the wrapped layer in the place of its wrapper."""
    if layer.class_name not in CLASSES or "layer" not in layer.parts:
        return None
    part = layer.parts["layer"]
    if part.class_name == "Embedding" and context.generation >= 3:
        return refuse(layer, CUT_OFF, "take the Embedding out of its wrapper and save it again")
    is_trained = all(item.config.get("trainable", True) for item in (layer, part))
    inner = with_fields(part, {"trainable": is_trained})
    inner = replace(inner, name=layer.name, calls=layer.calls)
    return Lowering(
        (inner,), (TensorRef(layer.name),), (Note(LEFT_OUT, layer.name, NoteKind.DROPPED),)
    )
