from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.rules.paddings import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D", padding="same"), id="other class"),
        pytest.param(layer("ZeroPadding1D", padding=1), id="one axis"),
        pytest.param(layer("ZeroPadding2D"), id="no padding"),
        pytest.param(layer("ZeroPadding2D", padding=[[1, 2], [3, 4]]), id="in full"),
        pytest.param(layer("ZeroPadding2D", padding="same"), id="text, for the catalog to refuse"),
        pytest.param(layer("Cropping2D", cropping=[[1], None]), id="nonsense, likewise"),
    ],
)
def test_nothing_to_write_out(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("class_name", "field"), [("ZeroPadding2D", "padding"), ("Cropping2D", "cropping")]
)
@pytest.mark.parametrize(
    ("value", "pairs"),
    [
        (1, [[1, 1], [1, 1]]),
        (0, [[0, 0], [0, 0]]),
        ([1, 2], [[1, 1], [2, 2]]),
        ([1, [2, 3]], [[1, 1], [2, 3]]),
        ([1, 2, 3], [[1, 1], [2, 2], [3, 3]]),
    ],
    ids=str,
)
def test_every_axis_gets_a_pair(class_name: str, field: str, value: Any, pairs: Any) -> None:
    before = layer(class_name, **{field: value}, data_format="channels_last")
    assert rewrite(before, KERAS3) == changed(before, **{field: pairs})
