"""Constraints are left out.

Before: Dense {"kernel_constraint": {"class_name": "MaxNorm", "config": {...}}}
After:  Dense {"kernel_constraint": null}, with a warning

tfjs applies a constraint to every weight it loads (variables.ts 102), Keras only after a training
step: a weight that breaks its constraint would silently change.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Leave out every constraint of a layer."""
    found = {
        field: value
        for field, value in layer.config.items()
        if field.endswith("_constraint") and value is not None
    }
    if not found:
        return None
    notes = []
    for field, value in found.items():
        name = value.get("class_name") if isinstance(value, Mapping) else value
        text = f"{field} {name} is left out: TensorFlow.js would apply it to the loaded weights"
        notes.append(Note(text, layer.name, NoteKind.DROPPED))
    return Rewrite(with_fields(layer, dict.fromkeys(found)), tuple(notes))
