from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.spatial_dropout import rewrite


@pytest.mark.parametrize("name", ["Dropout", "SpatialDropout1D"])
def test_dropouts_of_tfjs(name: str) -> None:
    assert rewrite(layer(name, rate=0.5), KERAS3) is None


@pytest.mark.parametrize(
    ("name", "config", "shape"),
    [
        ("SpatialDropout2D", {}, [None, 1, 1, None]),
        ("SpatialDropout2D", {"data_format": "channels_first"}, [None, None, 1, 1]),
        ("SpatialDropout3D", {"data_format": "channels_last"}, [None, 1, 1, 1, None]),
    ],
)
def test_channels_are_dropped(name: str, config: dict[str, Any], shape: list[int | None]) -> None:
    before = layer(name, rate=0.5, seed=3, **config)
    fields = {"trainable": True, "rate": 0.5, "noise_shape": shape, "seed": 3}
    after = replace(before, class_name="Dropout", config=fields)
    assert rewrite(before, KERAS3) == Rewrite(after)
