from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import layer, on, shaped
from tests.rules.lowered import outline
from tests.rules.numbers import draw, run
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.rewriting.rule import INPUT
from tfjs_serve.rules.subtract import rewrite

X, Y = TensorRef(INPUT, 0, 0), TensorRef(INPUT, 0, 1)
SUBTRACT = replace(layer("Subtract"), calls=(on(X, Y),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(replace(SUBTRACT, class_name="Add"), id="other class"),
        pytest.param(replace(SUBTRACT, calls=(on(X),)), id="one input"),
    ],
)
def test_nothing_to_negate(before: Layer) -> None:
    assert rewrite(before, shaped((None, 3), (None, 3))) is None


def test_the_second_input_is_negated() -> None:
    found = rewrite(SUBTRACT, shaped((None, 3), (None, 3)))
    assert outline(found) == [("a__rescaling_1", "Rescaling"), ("a", "Add")]


def test_numbers() -> None:
    x, y = draw(2, 3), draw(2, 3)
    np.testing.assert_array_equal(run(rewrite, SUBTRACT, x, y)[0], x - y)
