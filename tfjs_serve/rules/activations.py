"""Activations get the names TensorFlow.js knows them by.

Before: Dense {"activation": {"class_name": "function", "config": "silu", ...}}
After:  Dense {"activation": "swish"}

The same name may mean two functions: Keras 3's `hard_sigmoid` is relu6(x + 3) / 6, Keras 2's and
tfjs's clip(0.2 x + 0.5, 0, 1); a name without equal numbers is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.errors import Reason
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.companion_activations import is_own_activation
from tfjs_serve.layers_format.catalog.objects import OTHER_ACTIVATIONS, activation_names
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, with_fields
from tfjs_serve.visible import shown

FIELDS = ("activation", "recurrent_activation")


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Rename a layer's activations; refuse those tfjs has no equal for."""
    names = activation_names(context.generation)
    changes: dict[str, str] = {}
    reasons: list[Reason] = []
    for field in FIELDS:
        if field not in layer.config or is_own_activation(layer.config[field]):
            continue
        value = layer.config[field]
        found = _name(value)
        # An object is no function, whatever it is called.
        if found in names and not isinstance(value, Mapping):
            changes[field] = names[found]
        else:
            reasons.append(_reason(layer, field, found))
    if reasons:
        return Refusal(tuple(reasons))
    if all(layer.config[field] == name for field, name in changes.items()):
        return None
    return Rewrite(with_fields(layer, changes))


def _reason(layer: Layer, field: str, name: str) -> Reason:
    if name not in OTHER_ACTIVATIONS | KERAS_CLASSES:
        why = f"{field} = {shown(name)} is custom, and its Python code is not in the file"
        remedy = "replace it by a built-in one and save the model again"
        return Reason(why, layer.name, layer.class_name, remedy)
    why = f"not supported yet: {field} = {shown(name)}"
    if name == "hard_sigmoid":
        why += " of Keras 3, which TensorFlow.js computes by another formula"
    return Reason(why, layer.name, layer.class_name)


def _name(value: Any) -> str:
    if value is None:
        return "linear"
    if isinstance(value, Mapping):
        # A lambda is marshalled code without a name.
        return str(value.get("class_name", "<lambda>"))
    return str(value)
