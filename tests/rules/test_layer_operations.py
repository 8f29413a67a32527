from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, op, seen
from tfjs_serve.graph import Layer, UnknownLength
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Refusal, Rewrite
from tfjs_serve.rules.layer_operations import rewrite

IMAGE = (None, 4, 6, 2)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Resizing"), id="a layer"),
        pytest.param(op("Add", X, Y), id="another operation"),
    ],
)
def test_nothing_that_a_layer_computes(before: Layer) -> None:
    assert rewrite(before, seen(before, IMAGE, IMAGE)) is None


@pytest.mark.parametrize(
    ("before", "class_name", "config"),
    [
        pytest.param(
            op("Resize", X, size=[6, 5], interpolation="nearest", antialias=True, data_format=None),
            "Resizing",
            {
                "height": 6,
                "width": 5,
                "interpolation": "nearest",
                "data_format": "channels_last",
                "antialias": True,
            },
            id="Resize",
        ),
        pytest.param(
            op("MaxPool", X, pool_size=2, strides=None, padding="SAME", data_format="NHWC"),
            "MaxPooling2D",
            {
                "pool_size": [2, 2],
                "strides": [2, 2],
                "padding": "same",
                "data_format": "channels_last",
            },
            id="MaxPool",
        ),
        pytest.param(
            op("AveragePool", X, pool_size=(2, 3), strides=1, data_format="channels_first"),
            "AveragePooling2D",
            {
                "pool_size": [2, 3],
                "strides": [1, 1],
                "padding": "valid",
                "data_format": "channels_first",
            },
            id="AveragePool",
        ),
    ],
)
def test_the_layer_that_does_the_same(
    before: Layer, class_name: str, config: dict[str, Any]
) -> None:
    after = replace(before, class_name=class_name, config=config)
    assert rewrite(before, seen(before, IMAGE)) == Rewrite(after)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Resize", X, size=None), id="no size"),
        pytest.param(op("MaxPool", X), id="no window"),
    ],
)
def test_what_no_layer_computes_is_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, seen(before, IMAGE)), Refusal)


def test_a_rank_without_a_layer_is_refused() -> None:
    before = op("Resize", X, size=[2, 2])
    assert isinstance(rewrite(before, seen(before, (None, 4, 6))), Refusal)


def test_a_size_that_is_known_when_the_model_runs_is_refused() -> None:
    before = op("Resize", X, size=(UnknownLength(), 4))
    with pytest.raises(ShapeError, match="a size that is known only when the model runs"):
        rewrite(before, seen(before, (None, None, None, 3)))
