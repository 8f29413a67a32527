from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer, refused, shaped
from tests.rules.numbers import X, Y, draw, op, run, seen
from tfjs_serve.graph import Call, Layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.logic import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("Maximum"),
        op("NotEqual", 0, 1),
        op("Where", X, Y),
        op("Any", X, Y),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("NotEqual", X, 0), lambda x: x != 0),
        (op("Equal", X, 2.0), lambda x: x == 2),
        (op("Greater", X, 0.5), lambda x: x > 0.5),
        (op("GreaterEqual", X, 1.0), lambda x: x >= 1),
        (op("Less", X, -0.5), lambda x: x < -0.5),
        (op("LessEqual", X, 1.0), lambda x: x <= 1),
        (op("NotEqual", 0, X), lambda x: x != 0),
        (op("Greater", 0.5, X), lambda x: x < 0.5),
        (op("GreaterEqual", 1.0, X), lambda x: x <= 1),
        (op("Less", -0.5, X), lambda x: x > -0.5),
        (op("LessEqual", 1.0, X), lambda x: x >= 1),
        (op("LogicalNot", X), lambda x: x == 0),
        (op("Any", X, axis=-1), lambda x: x.any(-1)),
        (op("All", X, axis=[1], keepdims=True), lambda x: x.all(1, keepdims=True)),
        (op("Cast", X, dtype="bool"), lambda x: x != 0),
        (op("ZerosLike", X), lambda x: 0 * x),
        (op("OnesLike", X, dtype=None), lambda x: 0 * x + 1),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    x = np.round(draw(3, 4))
    (found,) = run(rewrite, before, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("LogicalOr", lambda x, y: (x != 0) | (y != 0)),
        ("LogicalAnd", lambda x, y: (x != 0) & (y != 0)),
        ("Greater", lambda x, y: x > y),
        ("Equal", lambda x, y: x == y),
    ],
)
def test_pairs(name: str, expected: Any) -> None:
    x, y = np.round(draw(3, 4)), np.round(draw(3, 4))
    (found,) = run(rewrite, op(name, X, Y), x, y)
    np.testing.assert_array_equal(found, expected(x, y))


def test_a_float_stays() -> None:
    result = rewrite(op("Cast", X, dtype="float32"), shaped((None, 3)))
    assert result == Rewrite(Layer("a", "Activation", {"activation": "linear"}, (Call((X,)),)))


def test_whole_numbers_stay() -> None:
    result = rewrite(op("Cast", X, dtype="int32", whole=True), shaped((None, 3)))
    assert result == Rewrite(Layer("a", "Activation", {"activation": "linear"}, (Call((X,)),)))


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_fractions_are_cut_off(dtype: str) -> None:
    result = rewrite(op("Cast", X, dtype=dtype), shaped((None, 3)))
    assert result == Rewrite(op("Trunc", X))


@pytest.mark.parametrize("dtype", ["uint8", "float16", None])
def test_casts_that_round_are_refused(dtype: str | None) -> None:
    before = op("Cast", X, dtype=dtype)
    why = f"not supported yet: a cast to {dtype!r}, which may round or overflow"
    assert rewrite(before, seen(before, (None, 3))) == refused(before, why)
