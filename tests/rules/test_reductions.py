from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, computed, draw, op, run, seen
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.reductions import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("GlobalAveragePooling1D"),
        op("Prod", X, axis=1),
        op("Mean", X, Y, axis=1),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Mean", X, axis=1, keepdims=False), lambda x: x.mean(1)),
        (op("Mean", X, axis=-1, keepdims=True), lambda x: x.mean(-1, keepdims=True)),
        (op("Sum", X, axis=[1, 3]), lambda x: x.sum((1, 3))),
        (op("Sum", X, axis=(1, 2, 3)), lambda x: x.sum((1, 2, 3))),
        (op("Max", X, axis=2), lambda x: x.max(2)),
        (op("Min", X, axis=[2, 3], keepdims=True), lambda x: x.min((2, 3), keepdims=True)),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    x = draw(3, 4, 2)
    (found,) = run(rewrite, before, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "before",
    [
        op("Mean", X, axis=0),
        op("Mean", X, axis=None),
        op("Mean", X, axis=3),
        op("Sum", X, axis=[1, 1]),
    ],
)
def test_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, None, 4)))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Sum", X, axis=1), lambda x: x.sum(1)),
        (op("Sum", X, axis=1, keepdims=True), lambda x: x.sum(1, keepdims=True)),
        (op("Sum", X, axis=[1, 2]), lambda x: x.sum((1, 2))),
        (op("Sum", X, axis=2), lambda x: x.sum(2)),
        (op("Mean", X, axis=1), lambda x: x.mean(1)),
    ],
)
def test_over_an_axis_of_unknown_length(before: Layer, expected: Any) -> None:
    x = draw(5, 4)
    lowering = rewrite(before, seen(before, (None, None, 4)))
    assert isinstance(lowering, Lowering)
    (found,) = computed(lowering, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_two_axes_of_unknown_length_are_refused() -> None:
    before = op("Sum", X, axis=1)
    with pytest.raises(ShapeError, match="needs at most one axis of unknown length"):
        rewrite(before, seen(before, (None, None, None, 4)))
