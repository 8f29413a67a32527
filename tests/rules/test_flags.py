from __future__ import annotations

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.rules.flags import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense", use_bias=True, units=1), id="true"),
        pytest.param(layer("Dense", use_bias=2), id="another number"),
        pytest.param(layer("Dense", use_bias="1"), id="text"),
        pytest.param(layer("Dense", use_bias=1.0), id="fraction"),
        pytest.param(layer("ReLU", max_value=1, threshold=0), id="numbers by right"),
        pytest.param(layer("Mine", use_bias=1), id="custom class"),
    ],
)
def test_anything_else_stays(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_numbers_become_true_and_false() -> None:
    before = layer("LSTM", units=1, use_bias=1, return_sequences=0, stateful=0, unroll=1)
    assert rewrite(before, KERAS3) == changed(
        before, use_bias=True, return_sequences=False, stateful=False
    )
