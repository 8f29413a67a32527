"""Regularizers become L1L2, the only one TensorFlow.js has.

Before: Dense {"kernel_regularizer": {"class_name": "L2", "config": {"l2": 0.01}}}
After:  Dense {"kernel_regularizer": {"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}}}

They matter to training only; any other regularizer is left out with a warning. A layer with an
activity regularizer throws when it is called (engine/topology.ts), so that one always goes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.objects import REGULARIZERS
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite, named_object, with_fields


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Translate every regularizer of a layer, leaving out what tfjs has not."""
    changes: dict[str, Any] = {}
    notes: list[Note] = []
    for field, value in layer.config.items():
        if not field.endswith("_regularizer") or value is None:
            continue
        translated = None if field == "activity_regularizer" else _translate(value)
        if translated is None:
            name = value.get("class_name") if isinstance(value, Mapping) else value
            text = f"{field} {name} is left out: it matters to training only"
            notes.append(Note(text, layer.name, NoteKind.DROPPED))
        if translated != value:
            changes[field] = translated
    return Rewrite(with_fields(layer, changes), tuple(notes)) if changes else None


def _translate(value: Any) -> Any:
    name, given = named_object(value)
    if name is None or name not in REGULARIZERS:
        return None
    known = REGULARIZERS[name]
    # Keras's own defaults, for the bare strings `l1`, `l2` and `l1_l2`.
    config = {key: given.get(key, 0.01) for key in sorted(known.keys)} | dict(known.constants)
    config = {key: 0.0 if item is None else item for key, item in config.items()}
    if not all(isinstance(item, int | float) for item in config.values()):
        return None
    return {"class_name": known.class_name, "config": config}
