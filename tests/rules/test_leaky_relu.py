from __future__ import annotations

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.rules.leaky_relu import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("ReLU", negative_slope=0.2), id="other class"),
        pytest.param(layer("LeakyReLU", alpha=0.2), id="Keras 2"),
        pytest.param(layer("LeakyReLU"), id="no slope"),
    ],
)
def test_nothing_to_rename(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("slope", [0.2, 0, None])
def test_the_slope_is_alpha(slope: float | None) -> None:
    before = layer("LeakyReLU", trainable=True, negative_slope=slope)
    assert rewrite(before, KERAS3) == changed(before, drop=["negative_slope"], alpha=slope)
