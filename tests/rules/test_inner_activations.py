from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, changed, layer
from tfjs_serve.artifacts import Options
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.companion_activations import own_activation
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.rules.inner_activations import rewrite

LEAKY = {"class_name": "TfjsServeActivation", "config": {"name": "leaky_relu", "parameters": [0.2]}}


def of_class(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"trainable": True, **config}}


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LSTM", activation="tanh"), KERAS3, id="one of tfjs"),
        pytest.param(layer("LSTM", activation="hard_sigmoid"), KERAS2, id="that of Keras 2"),
        pytest.param(layer("LSTM", activation="hardSigmoid"), KERAS3, id="scaled"),
        pytest.param(layer("LSTM", activation=None), KERAS3, id="none"),
        pytest.param(layer("LSTM", activation=LEAKY), KERAS3, id="done"),
        pytest.param(layer("LSTM", activation="mine"), KERAS3, id="custom"),
        pytest.param(layer("LSTM", activation="glu"), KERAS3, id="halves its input"),
        pytest.param(layer("LSTM", activation=of_class("PReLU")), KERAS3, id="has weights"),
        pytest.param(
            layer("LSTM", activation={"class_name": "ELU", "config": {}}), KERAS3, id="no layer"
        ),
        pytest.param(layer("Dense", activation="leaky_relu"), KERAS3, id="other class"),
    ],
)
def test_nothing_to_replace(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("value", "name", "parameters"),
    [
        pytest.param("leaky_relu", "leaky_relu", [0.2], id="name"),
        pytest.param("hard_swish", "hard_silu", [], id="alias"),
        pytest.param("hard_sigmoid", "hard_sigmoid", [], id="of Keras 3"),
        pytest.param(
            of_class("LeakyReLU", negative_slope=0.1), "leaky_relu", [0.1], id="LeakyReLU"
        ),
        pytest.param(of_class("LeakyReLU", alpha=0.1), "leaky_relu", [0.1], id="that of Keras 2"),
        pytest.param(of_class("ELU", alpha=0.5), "elu", [0.5], id="ELU"),
        pytest.param(of_class("ThresholdedReLU", theta=2.0), "threshold", [2.0], id="threshold"),
        pytest.param(
            of_class("ReLU", max_value=6.0, negative_slope=0.0, threshold=1.0),
            "relu",
            [0.0, 1.0, 6.0],
            id="ReLU",
        ),
        pytest.param(
            of_class("ReLU", max_value=None, negative_slope=0.0, threshold=0.0),
            "relu",
            [0.0, 0.0],
            id="ReLU without a maximum",
        ),
    ],
)
@pytest.mark.parametrize("class_name", ["LSTM", "TfjsServeGRU", "TfjsServeConvLSTM3D"])
def test_what_tfjs_lacks_is_an_object_of_the_companion_module(
    class_name: str, value: Any, name: str, parameters: list[float]
) -> None:
    before = layer(class_name, activation=value, recurrent_activation="sigmoid")
    made = own_activation(name, parameters)
    assert rewrite(before, KERAS3) == changed(
        before, activation=made, recurrent_activation="sigmoid"
    )


def test_without_the_companion_module_it_is_refused() -> None:
    before = layer("GRU", activation="tanh", recurrent_activation="celu")
    result = rewrite(before, replace(KERAS3, options=Options(companion=False)))
    assert result == Refusal(
        (
            Reason(
                "needs TfjsServeActivation of the companion module for its recurrent_activation",
                "a",
                "GRU",
                "allow it (companion = true), and load layers.js before the model",
            ),
        )
    )
