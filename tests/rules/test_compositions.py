from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, Z, draw, op, seen, through
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rules.compositions import rewrite

SHAPES = ((None, 3, 4),) * 3


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Normalization"), id="a layer"),
        pytest.param(op("Add", X, Y), id="simple already"),
        pytest.param(op("Max", X, axis=1), id="an extreme without a start"),
        pytest.param(op("Power", X, 0.5), id="a root"),
        pytest.param(op("Power", X, 3), id="powers do it"),
        pytest.param(op("Where", X), id="places where it is true"),
        pytest.param(op("LayerNorm", X, axis=1), id="another axis than the last"),
        pytest.param(op("LayerNorm", X, rms_scaling=True), id="no mean taken off"),
    ],
)
def test_nothing_to_compose(before: Layer) -> None:
    assert rewrite(before, seen(before, *SHAPES)) is None


def _spread(x: Any) -> Any:
    return np.log(np.exp(x).sum(1, keepdims=True))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(op("Where", X, Y, Z), lambda x, y, z: np.where(x, y, z), id="Where"),
        pytest.param(
            op("Where", X, 0.25, -1.0), lambda x: np.where(x, 0.25, -1.0), id="Where of numbers"
        ),
        pytest.param(
            op("SquaredDifference", X, Y), lambda x, y: (x - y) ** 2, id="SquaredDifference"
        ),
        pytest.param(op("Var", X, axis=-1), lambda x: x.var(2), id="Var"),
        pytest.param(
            op("Var", X, axis=[1, 2], keepdims=True),
            lambda x: x.var((1, 2), keepdims=True),
            id="Var, axes kept",
        ),
        pytest.param(op("Std", X, axis=1), lambda x: x.std(1), id="Std"),
        pytest.param(op("Norm", X, axis=-1), lambda x: np.sqrt((x**2).sum(2)), id="Norm"),
        pytest.param(
            op("Normalize", X, axis=1, order=2),
            lambda x: x / np.sqrt((x**2).sum(1, keepdims=True)),
            id="Normalize",
        ),
        pytest.param(op("Logsumexp", X, axis=1, keepdims=True), _spread, id="Logsumexp"),
        pytest.param(op("Logaddexp", X, Y), np.logaddexp, id="Logaddexp"),
        pytest.param(op("Expm1", X), np.expm1, id="Expm1"),
        pytest.param(op("Sign", X), np.sign, id="Sign"),
        pytest.param(op("LogicalXor", X, Y), lambda x, y: np.logical_xor(x, y), id="LogicalXor"),
        pytest.param(op("Power", 2.0, X), lambda x: 2.0**x, id="Power of a number"),
        pytest.param(op("Power", X, 0), lambda x: x**0, id="Power 0"),
        pytest.param(op("Prod", X, axis=1), lambda x: x.prod(1), id="Prod"),
        pytest.param(
            op("Prod", X, axis=2, keepdims=True),
            lambda x: x.prod(2, keepdims=True),
            id="Prod, axis kept",
        ),
        pytest.param(op("Max", X, axis=1, initial=0.5), lambda x: x.max(1, initial=0.5), id="Max"),
        pytest.param(op("Min", X, axis=1, initial=0.5), lambda x: x.min(1, initial=0.5), id="Min"),
        pytest.param(op("FullLike", X, 2.0), lambda x: np.full_like(x, 2.0), id="FullLike"),
        pytest.param(op("BatchFlatten", X), lambda x: x.reshape(2, -1), id="BatchFlatten"),
        pytest.param(
            op("LayerNorm", X, Y, None, axis=-1, epsilon=0.1),
            lambda x, y: (
                (x - x.mean(2, keepdims=True)) / np.sqrt(x.var(2, keepdims=True) + 0.1) * y
            ),
            id="LayerNorm",
        ),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    arrays = [draw(3, 4) for _ in before.calls[0].inputs]
    arrays[0][:, 0] = 0.0
    (found,) = through(before, *arrays)
    np.testing.assert_allclose(found, expected(*arrays), rtol=1e-5, atol=1e-5)


def test_a_negative_power_is_a_quotient() -> None:
    x = np.abs(draw(3, 4)) + 0.5
    (found,) = through(op("Power", X, -2), x)
    np.testing.assert_allclose(found, x**-2, rtol=1e-5)


def test_small_numbers_keep_their_digits() -> None:
    x = np.full((2, 3), 1e-6, np.float32)
    (found,) = through(op("Expm1", X), x)
    np.testing.assert_allclose(found, np.expm1(x), rtol=1e-5)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Norm", X, axis=-1, ord=1), id="order 1"),
        pytest.param(op("Norm", X, axis=[1, 2], ord=2), id="spectral norm"),
        pytest.param(op("Normalize", X, order=1), id="normalized by sums"),
        pytest.param(op("Prod", X, axis=0), id="batch axis"),
        pytest.param(op("Sign", 1.0, X), id="no tensor first"),
    ],
)
def test_what_no_layer_computes_is_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, *SHAPES))


def test_a_product_along_an_unknown_length_is_left_to_others() -> None:
    shapes = ((None, None, 4),)
    assert rewrite(op("Prod", X, axis=1), seen(op("Prod", X), *shapes)) is None
