"""Dtype policies go: every layer computes in float32 in TensorFlow.js.

Before: Dense {"dtype": "mixed_float16"}
After:  Dense {}, with a warning that results differ by rounding; integers are refused

A dtype other than a plain string on a first layer makes `predict` throw (engine/executor.ts,
`assertFeedCompatibility`).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, refuse, with_fields

EXACT = ("float32", None)
ROUNDED = ("float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16")


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Drop a layer's dtype policy, with a warning where Keras computes in another precision."""
    if layer.class_name == "InputLayer" or "dtype" not in layer.config:
        return None
    dtype = layer.config["dtype"]
    bare = with_fields(layer, {}, "dtype")
    if dtype in EXACT:
        return Rewrite(bare)
    if dtype in ROUNDED:
        text = f"computes in {dtype} in Keras and in float32 here: results differ by rounding"
        return Rewrite(bare, (Note(text, layer.name, NoteKind.ACCURACY),))
    return refuse(layer, f"not supported yet: dtype = {dtype!r}")
