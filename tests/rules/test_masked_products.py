from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, on, shaped
from tfjs_serve.graph import Layer, TensorRef, Value
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.masked_products import rewrite

M, N = TensorRef("m"), TensorRef("n")


def product(*masks: Value, class_name: str = "Multiply") -> Layer:
    return replace(layer(class_name), calls=(on("x", "y", masks=masks),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(replace(layer("Multiply"), calls=(on("x", "y"),)), id="no masks"),
        pytest.param(product(M, N, class_name="Add"), id="other class"),
    ],
)
def test_nothing_to_leave_out(before: Layer) -> None:
    assert rewrite(before, shaped((None, 4, 3), (None, 4, 3))) is None


@pytest.mark.parametrize(
    ("masks", "factors"),
    [
        pytest.param((M, None), ["a__factor_0", "y"], id="one"),
        pytest.param((M, M), ["a__factor_0", "a__factor_1", "a__steps_0"], id="the same"),
        pytest.param((M, N), ["a__factor_0", "a__factor_1", "a__any"], id="two"),
    ],
)
def test_factors_that_are_left_out_count_as_one(
    masks: tuple[Value, ...], factors: list[str]
) -> None:
    result = rewrite(product(*masks), shaped((None, 4, 3), (None, 4, 3)))
    assert isinstance(result, Lowering)
    assert [ref.layer for ref in result.layers[-1].calls[0].inputs] == factors
    assert result.outputs == (TensorRef("a"),)


def test_other_ranks_are_refused() -> None:
    assert isinstance(rewrite(product(M, N), shaped((None, 3), (None, 3))), Refusal)
