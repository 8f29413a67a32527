from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, assert_values, draw, op, seen
from tfjs_serve.graph import Layer
from tfjs_serve.rules.powers import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("Multiply"),
        op("Power", X, Y),
        op("Power", X, 0.5),
        op("Power", X, 9),
        op("Power", X, -1),
        op("Power", 2.0, X),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        *((op("Power", X, n), lambda x, n=n: x**n) for n in range(1, 9)),
        (op("Power", X, 2.0), lambda x: x**2),
        (op("Square", X), np.square),
        (op("Absolute", X), np.abs),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))
