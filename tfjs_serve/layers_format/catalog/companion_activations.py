"""Activations of the companion module, for layers that apply theirs inside.

tfjs makes an activation of `{"class_name", "config"}`, too (activations.ts, `getActivation`), and
asks for no more than a method `apply`. One class stands for all functions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from tfjs_serve.layers_format.catalog import fields
from tfjs_serve.layers_format.catalog.spec import REQUIRED, Config, Field

ACTIVATION = "TfjsServeActivation"

FUNCTIONS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "celu": (1.0,),
        "elu": (1.0,),
        "exponential": (),
        "hard_shrink": (0.5,),
        "hard_sigmoid": (),  # relu6(x + 3) / 6, that of Keras 3
        "hard_silu": (),
        "hard_tanh": (),
        "leaky_relu": (0.2,),
        "log_sigmoid": (),
        "relu": (0.0, 0.0),  # negative slope, threshold; then, where there is one, the maximum
        "soft_shrink": (0.5,),
        "sparse_plus": (),
        "sparse_sigmoid": (),
        "sparsemax": (),
        "squareplus": (4.0,),
        "tanh_shrink": (),
        "threshold": (1.0,),
    }
)
"""Function -> the parameters that Keras takes by default (keras/src/ops/nn.py)."""


def own_activation(name: str, parameters: Sequence[float] | None = None) -> Config:
    """Return the config of a function, with Keras's own parameters where none are given.

    tfjs leaves the case of what is called `name` as it is (utils/serialization_utils.ts).
    """
    given = FUNCTIONS[name] if parameters is None else parameters
    return {"class_name": ACTIVATION, "config": {"name": name, "parameters": list(given)}}


def is_own_activation(value: Any) -> bool:
    """Tell whether a value is the config of one of these functions."""
    if isinstance(value, (str, int, float)):  # nearly all, and quicker told than a Mapping
        return False
    if not isinstance(value, Mapping) or value.keys() != {"class_name", "config"}:
        return False
    config = value["config"]
    return (
        value["class_name"] == ACTIVATION
        and isinstance(config, Mapping)
        and isinstance(name := config.get("name"), str)
        and name in FUNCTIONS
        and fields.is_sequence(config.get("parameters"), fields.is_number)
    )


def inner_activation(default: Any = REQUIRED) -> Field:
    """Accept the tfjs name of an activation, or a function of the companion module."""
    named = fields.activation(default)
    return Field(
        lambda value: named.accepts(value) or is_own_activation(value),
        f"{named.expected}, or {ACTIVATION}",
        default,
    )
