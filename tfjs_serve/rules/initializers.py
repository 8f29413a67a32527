"""Initializers become ones TensorFlow.js can make.

Before: {"class_name": "LecunNormal", "config": {"seed": {"class_name": "SeedGenerator", ...}}}
After:  {"class_name": "LeCunNormal", "config": {"seed": null}}

Their values are overwritten by the loaded weights; but one that tfjs does not know, or cannot
make, stops the loading. What has no counterpart becomes Zeros.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.objects import (
    DISTRIBUTIONS,
    FAN_MODES,
    INITIALIZERS,
    TFJS_INITIALIZER_STRINGS,
)
from tfjs_serve.rewriting.rule import Context, Rewrite, named_object, with_fields

ZEROS: Mapping[str, Any] = {"class_name": "Zeros", "config": {}}


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Translate every initializer of a layer."""
    changes = {
        field: translated
        for field, value in layer.config.items()
        if field.endswith("_initializer") and (translated := _translate(value)) != value
    }
    return Rewrite(with_fields(layer, changes)) if changes else None


def _translate(value: Any) -> Any:
    if isinstance(value, str) and value in TFJS_INITIALIZER_STRINGS:
        return value
    name, given = named_object(value)
    if name is None or name not in INITIALIZERS:
        return ZEROS
    known = INITIALIZERS[name]
    config: dict[str, Any] = {
        key: _number(item) for key, item in given.items() if key in known.keys
    }
    if "mode" in known.keys:
        mode = str(given.get("mode"))
        config["mode"] = mode if mode in FAN_MODES else "fan_in"
        config["distribution"] = DISTRIBUTIONS.get(str(given.get("distribution")), "normal")
    if known.class_name == "Constant" and config.get("value") is None:
        return ZEROS
    return {"class_name": known.class_name, "config": config}


def _number(value: Any) -> float | int | None:
    """Return a number, None for what is none: seed generators, arrays, infinities."""
    return value if is_number(value) else None
