from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.rules.layer_scale import rewrite

FIELDS: dict[str, Any] = {"init_values": 0.1, "projection_dim": 2, "trainable": True}
IMAGE = shaped((None, 3, 3, 2))


def scale(name: str = "LayerScale", channels: int = 2, **config: Any) -> Layer:
    before = layer(name, **(FIELDS | config))
    return replace(before, weights=(weight("gamma", (channels,)),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(scale("Dense"), id="other class"),
        pytest.param(scale(power=2), id="other fields"),
        pytest.param(scale(channels=3), id="other weights"),
        pytest.param(layer("LayerScale", **FIELDS), id="no weights"),
    ],
)
def test_layers_of_others(before: Layer) -> None:
    assert rewrite(before, IMAGE) is None


def test_channels_of_an_image_are_scaled() -> None:
    found = rewrite(scale("Custom>LayerScale"), IMAGE)
    assert outline(found) == [("a", "DepthwiseConv2D")]
    assert values(found, "a", "depthwise_kernel", [2, 3]) == [[[[2], [3]]]]


@pytest.mark.parametrize("shape", [(None, 2), (None, None, 2), (None, 2, 3, 4, 2)])
def test_other_ranks_become_images(shape: tuple[int | None, ...]) -> None:
    assert outline(rewrite(scale(), shaped(shape))) == [
        ("a__channels", "Reshape"),
        ("a", "DepthwiseConv2D"),
        ("a__shape", "Reshape"),
    ]
