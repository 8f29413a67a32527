from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, assert_values, computed, draw, op, seen
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.pads import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("ZeroPadding2D"),
        op("Flip", X, axis=1),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (
            op("Pad", X, pad_width=[[0, 0], [1, 2], [0, 1]], mode="constant"),
            lambda x: np.pad(x, ((0, 0), (1, 2), (0, 1))),
        ),
        (op("Pad", X, pad_width=[[0, 0], [0, 0], [0, 0]], mode="CONSTANT"), lambda x: x),
        (
            op("Pad", X, pad_width=[[0, 0], [1, 1], [0, 2]], constant_values=0.5),
            lambda x: np.pad(x, ((0, 0), (1, 1), (0, 2)), constant_values=0.5),
        ),
        *(
            (
                op("Pad", X, pad_width=[[0, 0], [1, 2], [0, 1]], mode=mode),
                lambda x, mode=mode: np.pad(x, ((0, 0), (1, 2), (0, 1)), mode=mode),
            )
            for mode in ("reflect", "symmetric", "edge")
        ),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


@pytest.mark.parametrize(
    "before",
    [
        op("Pad", X, pad_width=[[0, 0], [1, 2]]),
        op("Pad", X, pad_width=2),
        op("Pad", X, pad_width=[[0, 0], [-1, 0], [0, 0]]),
        op("Pad", X, pad_width=[[0, 0], [3, 0], [0, 0]], mode="reflect"),
    ],
)
def test_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4)))


@pytest.mark.parametrize(
    "before",
    [
        op("Pad", X, pad_width=[[1, 0], [0, 0], [0, 0]]),
        op("Pad", X, pad_width=[[0, 0], [1, 0], [0, 0]], mode="mean"),
        op("Pad", X, pad_width=[[0, 0], [1, 0], [0, 0]], constant_values=(1.0, 2.0)),
        op("Pad", X, Y, pad_width=[[0, 0], [1, 0], [0, 0]]),
    ],
)
def test_other_padding_is_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))), Refusal)


def test_zeros_around_an_axis_of_unknown_length() -> None:
    before = op("Pad", X, pad_width=[[0, 0], [2, 1], [0, 0]])
    lowering = rewrite(before, seen(before, (None, None, 4)))
    assert isinstance(lowering, Lowering)
    x = draw(5, 4)
    (found,) = computed(lowering, x)
    np.testing.assert_array_equal(found, np.pad(x, ((0, 0), (2, 1), (0, 0))))
