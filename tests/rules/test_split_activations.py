from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, layer
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.split_activations import rewrite

SLOPE = {"class_name": "LeakyReLU", "config": {"trainable": True, "negative_slope": 0.1}}


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Dense", activation="relu"), KERAS3, id="tfjs has it"),
        pytest.param(layer("Dense", activation="hard_sigmoid"), KERAS2, id="Keras 2"),
        pytest.param(layer("Dense", activation=None), KERAS3, id="none"),
        pytest.param(layer("Dense"), KERAS3, id="no field"),
        pytest.param(layer("Dense", activation="swoosh"), KERAS3, id="no formula"),
        pytest.param(layer("LSTM", activation="celu"), KERAS3, id="at every step"),
        pytest.param(layer("ConvLSTM2D", activation="celu"), KERAS3, id="at every step, too"),
        pytest.param(layer("Activation", activation="celu"), KERAS3, id="nothing to split"),
        pytest.param(
            replace(layer("Mine", activation="celu"), parts={"layer": layer("Dense")}),
            KERAS3,
            id="a wrapper",
        ),
    ],
)
def test_nothing_to_split(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize("value", ["celu", "hard_sigmoid", "exponential", SLOPE])
def test_the_activation_follows(value: object) -> None:
    before = layer("Conv2D", trainable=False, filters=2, activation=value)
    config = {"activation": value, "trainable": False}
    assert rewrite(before, KERAS3) == Lowering(
        (
            layer("Conv2D", trainable=False, filters=2, activation="linear"),
            Layer("a__act", "Activation", config, (Call((TensorRef("a"),)),)),
        ),
        (TensorRef("a__act"),),
    )
