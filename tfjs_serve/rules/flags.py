"""Flags written as 0 and 1 become false and true.

Before: LSTM {"return_sequences": 1}, as somebody who writes Python may have put it
After:  LSTM {"return_sequences": true}
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Replace numbers in the fields that are true or false by default."""
    spec = CATALOG.get(layer.class_name)
    if spec is None:
        return None
    changes = {
        name: bool(value)
        for name, value in layer.config.items()
        if type(value) is int and value in (0, 1) and name in spec.fields
        if isinstance(spec.fields[name].default, bool)
    }
    return Rewrite(with_fields(layer, changes)) if changes else None
