from __future__ import annotations

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, draw, op, seen, through
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Refusal
from tfjs_serve.rules.einsum import rewrite

CONSTANT = tuple(tuple(float(4 * i + j) for j in range(2)) for i in range(4))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("EinsumDense"), id="a layer"),
        pytest.param(op("Einsum", X, subscripts="bij->bji"), id="one operand"),
    ],
)
def test_nothing_to_multiply(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("subscripts", "one", "other"),
    [
        pytest.param("bij,bjk->bik", (3, 4), (4, 2), id="matrices"),
        pytest.param("bij,bkj->bki", (3, 4), (2, 4), id="turned"),
        pytest.param("bihd,bjhd->bhij", (3, 2, 4), (5, 2, 4), id="heads"),
        pytest.param("bhij, bjhd -> bihd", (2, 3, 5), (5, 2, 4), id="heads back"),
        pytest.param("bij,bj->bi", (3, 4), (4,), id="a vector"),
        pytest.param("bi,bj->bij", (3,), (4,), id="outer"),
        pytest.param("bij,bij->bij", (3, 4), (3, 4), id="element by element"),
        pytest.param("bij,bjk->bi", (3, 4), (4, 2), id="summed over alone"),
        pytest.param("bij,bij->b", (3, 4), (3, 4), id="all summed"),
    ],
)
def test_two_tensors(subscripts: str, one: tuple[int, ...], other: tuple[int, ...]) -> None:
    x, y = draw(*one), draw(*other)
    (found,) = through(op("Einsum", X, Y, subscripts=subscripts), x, y)
    wanted = np.einsum(subscripts.replace(" ", ""), x, y)
    np.testing.assert_allclose(found.reshape(wanted.shape), wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Einsum", X, CONSTANT, subscripts="bij,jk->bik"), id="constant last"),
        pytest.param(op("Einsum", CONSTANT, X, subscripts="jk,bij->bik"), id="constant first"),
    ],
)
def test_a_constant(before: Layer) -> None:
    x = draw(3, 4)
    (found,) = through(before, x)
    np.testing.assert_allclose(found, x @ np.asarray(CONSTANT), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "subscripts",
    [
        pytest.param("...ij,...jk->...ik", id="ellipsis"),
        pytest.param("bii,bij->bj", id="a diagonal"),
        pytest.param("bij,bjk", id="no result"),
        pytest.param("bijk,bjk->bik", id="other rank"),
    ],
)
def test_subscripts_that_are_refused(subscripts: str) -> None:
    before = op("Einsum", X, Y, subscripts=subscripts)
    assert isinstance(rewrite(before, seen(before, (None, 3, 4), (None, 4, 2))), Refusal)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Einsum", X, Y, subscripts="bij,bjk->ibk"), id="batch moves"),
        pytest.param(op("Einsum", X, Y, subscripts="bij,cjk->bik"), id="two batches"),
        pytest.param(op("Einsum", X, CONSTANT, subscripts="bij,jk->bijk"), id="constant keeps"),
    ],
)
def test_the_batch_stays_in_front(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4), (None, 4, 2)))
