"""What the tests of layers over spatial axes share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.rewriting.rule import Lowering

Step = tuple[str, str, dict[str, Any]]


def steps(result: object, *fields: str) -> list[Step]:
    """Return name, class and some fields of the layers of a lowering, which must be a chain."""
    assert isinstance(result, Lowering)
    refs = [layer.calls[0].inputs for layer in result.layers]
    assert [ref.layer for (ref,) in refs[1:]] == [layer.name for layer in result.layers[:-1]]
    return [_step(layer, fields) for layer in result.layers]


def _step(layer: Layer, fields: Sequence[str]) -> Step:
    found = {name: layer.config[name] for name in fields if name in layer.config}
    return layer.name, layer.class_name, found


def computed(weight: Weight, *sources: Any) -> Any:
    """Return the values of a computed weight, given those it comes from."""
    assert isinstance(weight.values, Computed)
    values = np.asarray(weight.values.compute(*sources))
    assert values.shape == weight.shape
    return values
