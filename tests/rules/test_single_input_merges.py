from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, layer, on
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.single_input_merges import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(replace(layer("Add"), calls=(on("x", "y"),)), id="two inputs"),
        pytest.param(replace(layer("Add"), calls=(on("x", "x"),)), id="one tensor twice"),
        pytest.param(layer("Subtract"), id="takes two"),
    ],
)
def test_nothing_alone(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("name", ["Add", "Average", "Concatenate", "Multiply"])
def test_one_tensor_is_passed_on(name: str) -> None:
    before = layer(name, axis=1)
    config = {"trainable": True, "activation": "linear"}
    after = replace(before, class_name="Activation", config=config)
    assert rewrite(before, KERAS3) == Rewrite(after)
