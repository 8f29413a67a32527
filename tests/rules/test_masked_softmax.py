from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, layer, on
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.masked_softmax import rewrite

MASK = TensorRef("m")


def called(class_name: str, *inputs: str, **kwargs: TensorRef | bool) -> Layer:
    return replace(layer(class_name), calls=(on(*inputs, **kwargs),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(called("LSTM", "x", mask=MASK), id="other class"),
        pytest.param(called("Softmax", "x"), id="no mask"),
        pytest.param(called("Softmax", "m", mask=MASK), id="its own mask"),
        pytest.param(called("Softmax", "x", mask=MASK, training=True), id="another argument"),
    ],
)
def test_nothing_to_move(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("context", [KERAS2, KERAS3], ids=["Keras 2", "Keras 3"])
def test_the_mask_becomes_an_input(context: Context) -> None:
    before = called("Softmax", "x", mask=MASK)
    assert rewrite(before, context) == Rewrite(called("Softmax", "x", "m"))
