from __future__ import annotations

import pytest

from tests.models import KERAS2, KERAS3, changed, layer, refused
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Refusal, Rewrite
from tfjs_serve.rules.activations import rewrite

DENSE = layer("Dense", activation="relu", units=2)
RELU_LAYER = {"class_name": "ReLU", "config": {"max_value": 6.0}}
OLD = layer("LSTM", activation="tanh", recurrent_activation="hard_sigmoid")
CUSTOM = "{} is custom, and its Python code is not in the file"
REPLACE = "replace it by a built-in one and save the model again"
OTHER = (
    "not supported yet: recurrent_activation = 'hard_sigmoid' of Keras 3, which TensorFlow.js "
    "computes by another formula"
)


@pytest.mark.parametrize(
    ("before", "context", "result"),
    [
        pytest.param(layer("Flatten"), KERAS3, None, id="no activation"),
        pytest.param(DENSE, KERAS3, None, id="same name"),
        pytest.param(layer("Activation", activation="swish"), KERAS2, None, id="swish"),
        pytest.param(OLD, KERAS2, None, id="hard_sigmoid of Keras 2"),
        pytest.param(OLD, Context(1), None, id="hard_sigmoid of Keras 1"),
        pytest.param(
            layer("Dense", activation="silu"),
            KERAS3,
            changed(layer("Dense", activation="silu"), activation="swish"),
            id="silu",
        ),
        pytest.param(
            layer("Dense", activation=None),
            KERAS2,
            changed(layer("Dense", activation=None), activation="linear"),
            id="none is linear",
        ),
        pytest.param(
            layer("GRU", activation="silu", recurrent_activation="sigmoid"),
            KERAS3,
            changed(
                layer("GRU", activation="silu", recurrent_activation="sigmoid"),
                activation="swish",
                recurrent_activation="sigmoid",
            ),
            id="one of two",
        ),
        pytest.param(OLD, KERAS3, refused(OLD, OTHER), id="hard_sigmoid of Keras 3"),
        pytest.param(
            layer("Dense", activation="exponential"),
            KERAS3,
            refused(layer("Dense"), "not supported yet: activation = 'exponential'"),
            id="unknown",
        ),
        pytest.param(
            layer("GRU", activation="a", recurrent_activation="b"),
            KERAS3,
            refused(
                layer("GRU"),
                CUSTOM.format("activation = 'a'"),
                CUSTOM.format("recurrent_activation = 'b'"),
                remedy=REPLACE,
            ),
            id="both custom",
        ),
        pytest.param(
            layer("Dense", activation={"value": ["4wEAAA==", None, None]}),
            KERAS2,
            refused(layer("Dense"), CUSTOM.format("activation = '<lambda>'"), remedy=REPLACE),
            id="lambda",
        ),
        pytest.param(
            layer("Dense", activation=RELU_LAYER),
            KERAS3,
            refused(layer("Dense"), "not supported yet: activation = 'ReLU'"),
            id="layer as activation",
        ),
        pytest.param(
            layer("Dense", activation={"class_name": "relu", "config": {}}),
            KERAS3,
            refused(layer("Dense"), CUSTOM.format("activation = 'relu'"), remedy=REPLACE),
            id="somebody's function called relu",
        ),
        pytest.param(
            layer("Dense", activation=[1]),
            KERAS3,
            refused(layer("Dense"), CUSTOM.format("activation = '[1]'"), remedy=REPLACE),
            id="no name at all",
        ),
    ],
)
def test_rewrite(before: Layer, context: Context, result: Rewrite | Refusal | None) -> None:
    assert rewrite(before, context) == result
