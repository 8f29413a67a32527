from __future__ import annotations

import pytest

from tests.models import KERAS3, layer
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer
from tfjs_serve.rules.keepdims import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("MaxPooling2D", keepdims=True), id="other class"),
        pytest.param(layer("GlobalMaxPooling2D"), id="no word of it"),
        pytest.param(layer("GlobalMaxPooling2D", keepdims=False), id="not kept"),
        pytest.param(layer("GlobalMaxPooling2D", keepdims="yes"), id="nonsense, to be refused"),
    ],
)
def test_nothing_is_kept(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("axes", "data_format", "target"),
    [
        (1, "channels_last", [1, -1]),
        (2, "channels_last", [1, 1, -1]),
        (2, "channels_first", [-1, 1, 1]),
        (3, "channels_last", [1, 1, 1, -1]),
    ],
)
def test_pooled_axes_come_back_as_ones(axes: int, data_format: str, target: list[int]) -> None:
    before = layer(f"GlobalAveragePooling{axes}D", keepdims=True, data_format=data_format)
    assert steps(rewrite(before, KERAS3), "keepdims", "target_shape", "data_format") == [
        ("a__pool", before.class_name, {"keepdims": False, "data_format": data_format}),
        ("a", "Reshape", {"target_shape": target}),
    ]
