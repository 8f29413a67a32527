from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, weight
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer
from tfjs_serve.rules.channels_last import rewrite

FIRST: dict[str, Any] = {"data_format": "channels_first"}
LAST = {"data_format": "channels_last"}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D", **FIRST), id="transposed by tfjs"),
        pytest.param(layer("Conv1D", data_format="channels_last"), id="last"),
        pytest.param(layer("Conv1D"), id="no word of it"),
        pytest.param(layer("UpSampling2D", **FIRST, interpolation="nearest"), id="nearest"),
    ],
)
def test_channels_stay_where_they_are(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_a_layer_with_weights_keeps_its_name() -> None:
    before = replace(layer("Conv1D", **FIRST), weights=(weight("kernel", (1, 2, 2)),))
    result = rewrite(before, KERAS3)
    assert steps(result, "dims", "data_format") == [
        ("a__channels_last", "Permute", {"dims": [2, 1]}),
        ("a", "Conv1D", LAST),
        ("a__channels_first", "Permute", {"dims": [2, 1]}),
    ]


def test_a_transposed_convolution_in_space_is_turned_before_it_is_taken_apart() -> None:
    before = layer("Conv3DTranspose", **FIRST)
    before = replace(before, weights=(weight("kernel", (1, 1, 1, 2, 2)),))
    assert steps(rewrite(before, KERAS3), "dims", "data_format") == [
        ("a__channels_last", "Permute", {"dims": [2, 3, 4, 1]}),
        ("a", "Conv3DTranspose", LAST),
        ("a__channels_first", "Permute", {"dims": [4, 1, 2, 3]}),
    ]


def test_without_weights_the_last_one_keeps_it() -> None:
    result = rewrite(layer("MaxPooling3D", **FIRST), KERAS3)
    assert steps(result, "dims", "data_format") == [
        ("a__channels_last", "Permute", {"dims": [2, 3, 4, 1]}),
        ("a__inner", "MaxPooling3D", LAST),
        ("a", "Permute", {"dims": [4, 1, 2, 3]}),
    ]


def test_nothing_is_left_to_turn_back_after_a_global_pooling() -> None:
    result = rewrite(layer("GlobalMaxPooling1D", **FIRST), KERAS3)
    assert steps(result, "dims", "data_format") == [
        ("a__channels_last", "Permute", {"dims": [2, 1]}),
        ("a", "GlobalMaxPooling1D", LAST),
    ]
