from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer, refused
from tests.rules.numbers import X, Y, assert_values, draw, op, run, seen
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rules.joins import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("Concatenate"),
        op("Concatenate", (X, "text")),
        op("Tile", X, Y),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Tile", X, repeats=[1, 2, 3]), lambda x: np.tile(x, (1, 2, 3))),
        (op("Repeat", X, repeats=2, axis=1), lambda x: np.repeat(x, 2, 1)),
        (op("Repeat", X, repeats=3, axis=-1), lambda x: np.repeat(x, 3, 2)),
        (op("Concatenate", (X, X), axis=1), lambda x: np.concatenate([x, x], 1)),
        (op("Concatenate", (X,), axis=1), lambda x: x),
        (op("Stack", (X, X), axis=2), lambda x: np.stack([x, x], 2)),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


@pytest.mark.parametrize(
    "before",
    [
        op("Concatenate", (X, X), axis=0),
        op("Stack", (X, X), axis=0),
        op("Tile", X, repeats=[2, 1, 1]),
        op("Tile", X, repeats=[2]),
        op("Repeat", X, repeats=2, axis=None),
    ],
)
def test_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4)))


def test_two_tensors() -> None:
    x, y = draw(3, 4), draw(3, 4)
    (found,) = run(rewrite, op("Stack", (X, Y), axis=-1), x, y)
    np.testing.assert_array_equal(found, np.stack([x, y], -1))


def test_constants_are_refused() -> None:
    before = op("Concatenate", (X, (1.0, 2.0)), axis=1)
    assert rewrite(before, seen(before, (None, 3))) == refused(
        before, "not supported yet: joins constants"
    )
