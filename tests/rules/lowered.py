"""What a lowering consists of, short enough to be asserted."""

from __future__ import annotations

from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Layer, Values
from tfjs_serve.rewriting.rule import Lowering, Refusal, Rewrite


def outline(result: Lowering | Rewrite | Refusal | None) -> list[tuple[str, str]]:
    """Return names and classes of the layers of a lowering, in order."""
    assert isinstance(result, Lowering)
    return [(layer.name, layer.class_name) for layer in result.layers]


def fields(result: Lowering | Rewrite | Refusal | None, name: str, *keys: str) -> tuple[Any, ...]:
    """Return some config fields of one layer of a lowering."""
    config = _layer(result, name).config
    return tuple(config[key] for key in keys)


def values(
    result: Lowering | Rewrite | Refusal | None, name: str, role: str, *given: Any
) -> list[Any]:
    """Return a weight of one layer of a lowering; `given` are the values of what is stored."""
    (found,) = (weight for weight in _layer(result, name).weights if weight.name == role)
    array = np.asarray(_computed(found.values, list(given)))
    assert array.shape == found.shape
    return list(array.tolist())


def _layer(result: Lowering | Rewrite | Refusal | None, name: str) -> Layer:
    assert isinstance(result, Lowering)
    (layer,) = (layer for layer in result.layers if layer.name == name)
    return layer


def _computed(found: Values, given: list[Any]) -> Any:
    if not isinstance(found, Computed):
        return np.asarray(given.pop(0), np.float32)
    return found.compute(*(_computed(source, given) for source in found.sources))
