from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rules.custom_scale_layer import rewrite

BOTH = shaped((None, 2), (None, 2))


def of_two(name: str = "Custom>CustomScaleLayer", **config: Any) -> Layer:
    return replace(layer(name, **config), calls=(on("x", "y"),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(of_two("Add"), id="other class"),
        pytest.param(of_two("mine>CustomScaleLayer", scale=0.2), id="another package"),
        pytest.param(of_two(scale=0.2, offset=1.0), id="other fields"),
        pytest.param(of_two(scale=[0.2]), id="no number"),
        pytest.param(layer("CustomScaleLayer", scale=0.2), id="one input"),
    ],
)
def test_layers_of_others(before: Layer) -> None:
    assert rewrite(before, BOTH) is None


@pytest.mark.parametrize("name", ["CustomScaleLayer", "Custom>CustomScaleLayer"])
def test_the_second_input_is_scaled(name: str) -> None:
    found = rewrite(of_two(name, scale=0.25, trainable=True), BOTH)
    assert outline(found) == [("a__rescaling_1", "Rescaling"), ("a", "Add")]
    assert fields(found, "a__rescaling_1", "scale", "offset") == (0.25, 0.0)
