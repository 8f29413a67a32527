"""How a training config spells losses, metrics, optimizers and schedules: a name and settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tfjs_serve.visible import excerpt

WRAPPERS = frozenset({"MeanMetricWrapper", "LossFunctionWrapper"})
"""Classes around a function, which is what counts (Keras 2)."""


class UnmappedError(Exception):
    """Why a part of a training config has no counterpart in TensorFlow.js; one clause."""


@dataclass(frozen=True, slots=True)
class Named:
    """An object of Keras: its class or function, and the settings that were chosen."""

    name: str
    settings: Mapping[str, Any]


def named(value: Any) -> Named | None:
    """Return what a value of a training config names; None for lists, plain dicts and null."""
    if isinstance(value, str):
        return Named(value, {})
    if not isinstance(value, Mapping) or not isinstance(value.get("class_name"), str):
        return None
    config = value.get("config")
    if value["class_name"] == "function":
        return Named(str(config), {})
    settings = config if isinstance(config, Mapping) else {}
    if value["class_name"] in WRAPPERS and (inner := named(settings.get("fn"))) is not None:
        return Named(inner.name, {**settings, **inner.settings})
    # tf.keras 2.11 and later register their own optimizers as custom ones.
    return Named(value["class_name"].removeprefix("Custom>"), settings)


def object_name(value: Any) -> str | None:
    """Return what a value of a training config is called; None for lists, plain dicts and null."""
    found = named(value)
    return None if found is None else found.name


def refuse_settings(found: Named, neutral: Mapping[str, tuple[Any, ...]]) -> None:
    """Raise UnmappedError when a setting says more than the values it may have."""
    for key, value in found.settings.items():
        if key in FREE:
            continue
        if key not in neutral or not any(_is_same(value, item) for item in neutral[key]):
            raise UnmappedError(f"{shown(found.name)} has {shown(key)} = {shown(value)}")


FREE = frozenset({"name", "dtype", "fn"})
"""Settings that change no number."""


def number(value: Any) -> float | int | None:
    """Return a finite number as it is; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return value if math.isfinite(value) else None
    except OverflowError:  # An integer that no float64 holds.
        return None


def shown(value: Any) -> str:
    """Return a value of a stranger's config for a sentence."""
    return excerpt(value if isinstance(value, str) else repr(value))


def _is_same(value: Any, wanted: Any) -> bool:
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)
