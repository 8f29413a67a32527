from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, assert_values, computed, draw, op, run, seen
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.products import rewrite

MATRIX = ((1.0, 2.0), (0.5, -1.0), (0.0, 3.0), (-2.0, 1.0))
TURNED = tuple(zip(*MATRIX, strict=True))


@pytest.mark.parametrize(
    "before",
    [
        layer("Dot"),
        op("Einsum", X, Y),
        op("Matmul", X, "text"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Matmul", X, MATRIX), lambda x: x @ np.array(MATRIX)),
        (op("Matmul", X, TURNED, transpose_b=True), lambda x: x @ np.array(MATRIX)),
        (op("Matmul", X, X, transpose_b=True), lambda x: x @ x.swapaxes(1, 2)),
        (op("Matmul", X, X, transpose_a=True), lambda x: x.swapaxes(1, 2) @ x),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


def test_two_tensors() -> None:
    x, y = draw(3, 4), draw(4, 2)
    (found,) = run(rewrite, op("Matmul", X, Y), x, y)
    np.testing.assert_allclose(found, x @ y, rtol=1e-5)


def test_matrices_of_higher_rank_are_multiplied_one_by_one() -> None:
    x, y = draw(2, 3, 4), draw(2, 4, 2)
    (found,) = run(rewrite, op("Matmul", X, Y), x, y)
    np.testing.assert_allclose(found, x @ y, rtol=1e-5, atol=1e-6)
    (turned,) = run(rewrite, op("Matmul", X, Y, transpose_b=True), x, y.swapaxes(2, 3))
    np.testing.assert_allclose(turned, x @ y, rtol=1e-5, atol=1e-6)


def test_a_constant_comes_first() -> None:
    x = draw(2, 2, 4)
    (found,) = run(rewrite, op("Matmul", MATRIX, X), x)
    np.testing.assert_allclose(found, np.asarray(MATRIX) @ x, rtol=1e-5, atol=1e-6)


def test_as_many_matrices_in_both_factors() -> None:
    before = op("Matmul", X, Y)
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 2, 3, 4), (None, 3, 4, 2)))


@pytest.mark.parametrize(
    "before",
    [
        op("Matmul", MATRIX, X, transpose_b=True),
        op("Matmul", (MATRIX, MATRIX), X),
        op("Matmul", X, (1.0, 2.0)),
        op("Matmul", X, MATRIX, transpose_a=True),
    ],
)
def test_other_factors_are_refused(before: Layer) -> None:
    shapes = seen(before, (None, 3, 4, 2), (None, 3, 2, 4))
    assert isinstance(rewrite(before, shapes), Refusal)


@pytest.mark.parametrize(
    ("shapes", "turn"),
    [
        pytest.param(((None, 2, None, 4), (None, 2, 4, None)), False, id="scores"),
        pytest.param(((None, 2, None, 4), (None, 2, None, 4)), True, id="turned"),
        pytest.param(((None, 2, None, None), (None, 2, None, 4)), False, id="weighted sums"),
        pytest.param(((None, None, 3, 4), (None, None, 4, 2)), False, id="any number"),
    ],
)
def test_two_unknown_lengths_need_the_companion_module(
    shapes: tuple[Shape, Shape], turn: bool
) -> None:
    sizes = [[size or 3 for size in shape[1:]] for shape in shapes]
    x, y = (draw(*size) for size in sizes)
    before = op("Matmul", X, Y, transpose_b=turn)
    lowering = rewrite(before, seen(before, *shapes))
    assert isinstance(lowering, Lowering)
    assert lowering.layers[-1].class_name == "TfjsServeOperation"
    (found,) = computed(lowering, x, y)
    np.testing.assert_allclose(found, x @ (y.swapaxes(2, 3) if turn else y), rtol=1e-5, atol=1e-6)
