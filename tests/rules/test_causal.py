from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, layer
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer
from tfjs_serve.rules.causal import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D", kernel_size=3, padding="causal"), id="other class"),
        pytest.param(layer("Conv1D", kernel_size=3, padding="same"), id="same"),
        pytest.param(layer("Conv1D", kernel_size=3), id="no word of it"),
    ],
)
def test_no_causal_padding(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("class_name", ["Conv1D", "DepthwiseConv1D", "SeparableConv1D"])
@pytest.mark.parametrize(
    ("fields", "before"),
    [
        ({"kernel_size": [3]}, 2),
        ({"kernel_size": 3, "dilation_rate": [4]}, 8),
        ({"kernel_size": [1], "dilation_rate": 1}, 0),
    ],
    ids=str,
)
def test_zeros_come_first(class_name: str, fields: dict[str, Any], before: int) -> None:
    result = rewrite(layer(class_name, **fields, padding="causal"), KERAS3)
    assert steps(result, "padding") == [
        ("a__causal", "ZeroPadding1D", {"padding": [before, 0]}),
        ("a", class_name, {"padding": "valid"}),
    ]
