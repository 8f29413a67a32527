"""A layer whose weights the file does not hold is refused.

Before: Dense {"units": 4} of a file whose group holds other variables, or none
After:  refused

Which variables belong to a layer is found out when the file is read (front_ends); a layer whose
variables do not fit stays without, and no rule could translate it.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.keras_files.variables import roles
from tfjs_serve.rewriting.rule import Context, Refusal, refuse


def rewrite(layer: Layer, context: Context) -> Refusal | None:
    """Refuse a layer that has variables in Keras and none from the file."""
    if layer.weights:
        return None
    expected = ", ".join(roles(layer.class_name, layer.config))
    if not expected:
        return None
    why = f"the file does not hold its weights ({expected})"
    return refuse(layer, why, "save the model again")
