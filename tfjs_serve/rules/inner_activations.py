"""A recurrent layer gets activations that tfjs lacks from the companion module.

Before: LSTM {"activation": "leaky_relu"}
After:  LSTM {"activation": {"class_name": "TfjsServeActivation",
        "config": {"name": "leaky_relu", "parameters": [0.2]}}}

A recurrent layer applies its activations inside, at every step, so that no layer behind it can.
Layers of Keras in place of a function are functions with their parameters.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from tfjs_serve.graph import Config, Layer
from tfjs_serve.layers_format.catalog import companion
from tfjs_serve.layers_format.catalog.companion_activations import (
    ACTIVATION,
    FUNCTIONS,
    own_activation,
)
from tfjs_serve.layers_format.catalog.objects import activation_names
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite, named_object, refuse, with_fields
from tfjs_serve.rules.activation_formulas import is_known

CLASSES = ("SimpleRNN", "GRU", "LSTM", "ConvLSTM2D", companion.GRU, companion.CONV_LSTM)

FIELDS = ("activation", "recurrent_activation")

ALIASES = {"hard_swish": "hard_silu"}

LAYERS: Mapping[str, tuple[str, tuple[tuple[str, ...], ...]]] = MappingProxyType(
    {
        # Layer -> the function, and what Keras 3 and Keras 2 call each of its parameters.
        "ELU": ("elu", (("alpha",),)),
        "LeakyReLU": ("leaky_relu", (("negative_slope", "alpha"),)),
        "ReLU": ("relu", (("negative_slope",), ("threshold",), ("max_value",))),
        "ThresholdedReLU": ("threshold", (("theta",),)),
    }
)


def rewrite(layer: Layer, context: Context) -> Rewrite | Refusal | None:
    """Replace the activations of a recurrent layer that tfjs lacks."""
    if layer.class_name not in CLASSES:
        return None
    names = activation_names(context.generation)
    found = {field: layer.config.get(field) for field in FIELDS}
    lacking = {
        field: value
        for field, value in found.items()
        if not (isinstance(value, str) and value in names)
    }
    changes = {field: made for field, value in lacking.items() if (made := _own(value))}
    if not changes:
        return None
    if not context.options.companion:
        field = next(iter(changes))
        why = f"needs {ACTIVATION} of the companion module for its {field}"
        return refuse(layer, why, _REMEDY)
    return Rewrite(with_fields(layer, changes))


def _own(value: Any) -> Config | None:
    """Return the function of the companion module; None where it has none."""
    if isinstance(value, str):
        name = ALIASES.get(value, value)
        return own_activation(name) if name in FUNCTIONS else None
    class_name, config = named_object(value)
    if class_name is None or class_name not in LAYERS or not is_known(value):
        return None
    name, parameters = LAYERS[class_name]
    given = [next((config[key] for key in keys if key in config), None) for keys in parameters]
    return own_activation(name, [number for number in given if number is not None])


_REMEDY = "allow it (companion = true), and load layers.js before the model"
