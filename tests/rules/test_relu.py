from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.relu import rewrite

SHAPE = shaped((None, 3))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LeakyReLU", negative_slope=0.1), id="other class"),
        pytest.param(layer("ReLU"), id="plain"),
        pytest.param(layer("ReLU", max_value=6.0, negative_slope=0, threshold=0.0), id="native"),
        pytest.param(layer("ReLU", threshold=-1.0), id="negative threshold"),
        pytest.param(layer("ReLU", negative_slope=[0.1]), id="no number"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, SHAPE) is None


def test_a_slope_alone_is_a_leaky_relu() -> None:
    before = layer("ReLU", max_value=None, negative_slope=0.25, threshold=0.0)
    config = {"trainable": True, "alpha": 0.25}
    after = replace(before, class_name="LeakyReLU", config=config)
    assert rewrite(before, SHAPE) == Rewrite(after)


def test_a_threshold_alone() -> None:
    found = rewrite(layer("ReLU", threshold=0.5), SHAPE)
    assert outline(found) == [("a", "ThresholdedReLU")]
    assert fields(found, "a", "theta") == (0.5,)


def test_a_threshold_with_a_limit() -> None:
    found = rewrite(layer("ReLU", threshold=0.5, max_value=2.0), SHAPE)
    assert outline(found) == [("a__thresholdedrelu_1", "ThresholdedReLU"), ("a", "ReLU")]
    assert fields(found, "a", "max_value") == (2.0,)


def test_everything() -> None:
    before = layer("ReLU", threshold=0.5, max_value=2.0, negative_slope=0.25)
    found = rewrite(before, SHAPE)
    assert [class_name for _, class_name in outline(found)] == [
        "ThresholdedReLU",
        "ReLU",
        "Rescaling",
        "ReLU",
        "Rescaling",
        "Add",
    ]
    assert outline(found)[-1] == ("a", "Add")
    assert fields(found, "a__rescaling_3", "scale", "offset") == (-1.0, 0.5)
    assert fields(found, "a__rescaling_5", "scale", "offset") == (-0.25, 0.0)
