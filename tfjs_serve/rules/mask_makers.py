"""Layers that make masks only do what they do to their data.

Before: Embedding {"mask_zero": true}; Masking {"mask_value": v}
After:  Embedding {"mask_zero": false}; Masking {"mask_value": v}, then a Reshape to the same shape

Their masks are tensors by now (implicit_masks). A Reshape hands no mask on (engine/executor.ts asks
for one only where `supportsMasking` is true).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.lowering.toolbox import chain, reshape, step
from tfjs_serve.rewriting.rule import (
    Context,
    Lowering,
    Refusal,
    Rewrite,
    not_supported,
    with_fields,
)

CLASSES = ("Embedding", "Masking")

IS_STOPPED = "is_stopped"
"""Marks a Masking of ours, whose mask goes no further than it should."""


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Take the mask from an Embedding or a Masking."""
    if layer.class_name not in CLASSES:
        return None
    if layer.class_name == "Embedding":
        is_mask_made = layer.config.get("mask_zero")
        return Rewrite(with_fields(layer, {"mask_zero": False})) if is_mask_made else None
    if layer.config.get(IS_STOPPED):
        return None
    lengths = same_lengths(context.shapes[0] if context.shapes else None)
    if lengths is None:
        return not_supported(layer, "Masking on more than one axis of unknown length")
    value = layer.config.get("mask_value", 0.0)
    masking = step(layer, "masking", "Masking", {"mask_value": value, IS_STOPPED: True})
    return chain(masking, reshape(layer, "", *lengths))


def same_lengths(shape: tuple[int | None, ...] | None) -> list[int] | None:
    """Return the target of a Reshape that changes nothing; None when there is none."""
    if shape is None or shape[1:].count(None) > 1:
        return None
    return [-1 if length is None else length for length in shape[1:]]
