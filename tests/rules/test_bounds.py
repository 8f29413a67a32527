from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, assert_values, draw, op, seen
from tfjs_serve.graph import Layer
from tfjs_serve.rules.bounds import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("ReLU"),
        op("Maximum", X, Y),
        op("Clip", X, x_min=None, x_max=1.0),
        op("Add", X, 1.0),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Clip", X, x_min=0, x_max=1.5), lambda x: np.clip(x, 0, 1.5)),
        (op("Clip", X, x_min=-1, x_max=0.5), lambda x: np.clip(x, -1, 0.5)),
        (op("Clip", X, x_min=-1e9, x_max=1e9), lambda x: x),
        (op("Maximum", X, 0.5), lambda x: np.maximum(x, 0.5)),
        (op("Maximum", 0.0, X), lambda x: np.maximum(x, 0)),
        (op("Minimum", X, (1.0, 2.0, -1.0, 0.0)), lambda x: np.minimum(x, [1, 2, -1, 0])),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))
