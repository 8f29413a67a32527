from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped
from tests.rules.numbers import X, Y, assert_values, draw, op, run, seen
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.quotients import WARNING, rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("Multiply"),
        op("TrueDivide", X, 2.0),
        op("Sqrt", X),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Exp", X), np.exp),
        (op("Reciprocal", X), lambda x: 1 / x),
        (op("TrueDivide", 3.0, X), lambda x: 3 / x),
        (op("Divide", (1.0, 2.0, 3.0, 4.0), X), lambda x: np.arange(1, 5) / x),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


def test_a_tensor_is_divided_by_another() -> None:
    x, y = draw(3, 4), draw(3, 4)
    (found,) = run(rewrite, op("TrueDivide", X, Y), x, y)
    np.testing.assert_allclose(found, x / y, rtol=1e-5)


@pytest.mark.parametrize("size", [1e-11, 1e-6, 1e6, 1e14])
def test_far_divisors(size: float) -> None:
    x = np.copysign(1 + np.abs(draw(3)), draw(3)) * np.float32(size)
    (found,) = run(rewrite, op("Reciprocal", X), x)
    np.testing.assert_allclose(found, 1 / x, rtol=1e-5)


def test_far_exponents() -> None:
    x = np.linspace(-80, 80, 20, dtype=np.float32).reshape(2, 10)
    (found,) = run(rewrite, op("Exp", X), x)
    np.testing.assert_allclose(found, np.exp(x), rtol=1e-5)


def test_division_carries_a_warning() -> None:
    result = rewrite(op("TrueDivide", X, Y), shaped((None, 3), (None, 3)))
    assert isinstance(result, Lowering)
    assert result.notes == (Note(WARNING, "a", NoteKind.ACCURACY),)
