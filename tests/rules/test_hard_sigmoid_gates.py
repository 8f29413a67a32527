from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS2, KERAS3, layer, weight
from tfjs_serve.graph import Computed, Layer
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.hard_sigmoid_gates import rewrite

HARD = {"recurrent_activation": "hard_sigmoid"}


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LSTM", **HARD), KERAS2, id="Keras 2, whose formula tfjs has"),
        pytest.param(layer("LSTM", recurrent_activation="sigmoid"), KERAS3, id="sigmoid"),
        pytest.param(layer("LSTM", recurrent_activation="hardSigmoid"), KERAS3, id="done"),
        pytest.param(layer("LSTM", activation="hard_sigmoid"), KERAS3, id="not of a gate"),
        pytest.param(layer("Dense", activation="hard_sigmoid"), KERAS3, id="other class"),
    ],
)
def test_nothing_to_scale(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("class_name", "config", "factors"),
    [
        pytest.param("LSTM", HARD, [5 / 6, 5 / 6, 1, 5 / 6], id="LSTM"),
        pytest.param("ConvLSTM2D", HARD, [5 / 6, 5 / 6, 1, 5 / 6], id="ConvLSTM2D"),
        pytest.param("GRU", HARD, [5 / 6, 5 / 6, 1], id="GRU"),
        pytest.param("TfjsServeGRU", HARD, [5 / 6, 5 / 6, 1], id="GRU of the companion module"),
        pytest.param("GRU", {"activation": "hard_sigmoid"}, [1, 1, 5 / 6], id="its candidate"),
        pytest.param("SimpleRNN", {"activation": "hard_sigmoid"}, [5 / 6], id="SimpleRNN"),
        pytest.param(
            "LSTM", {"recurrent_activation": "sparse_sigmoid"}, [2.5, 2.5, 1, 2.5], id="sparse"
        ),
    ],
)
def test_columns_of_gates_are_scaled(
    class_name: str, config: dict[str, Any], factors: list[float]
) -> None:
    width = 2 * len(factors)
    before = replace(layer(class_name, **config), weights=(weight("kernel", (3, width)),))
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.config == dict.fromkeys(config, "hardSigmoid")
    (scaled,) = result.layer.weights
    assert isinstance(scaled.values, Computed)
    made = scaled.values.compute(np.ones((3, width), np.float32))
    assert made.dtype == np.float32
    assert made[0].tolist() == pytest.approx(np.repeat(factors, 2).tolist())
    assert "5/6" in result.notes[0].text or "5/2" in result.notes[0].text


def test_either_field_has_a_scale_of_its_own() -> None:
    fields = {"recurrent_activation": "sparse_sigmoid", "activation": "hard_sigmoid"}
    before = replace(layer("GRU", **fields), weights=(weight("kernel", (3, 3)),))
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    (scaled,) = result.layer.weights
    assert isinstance(scaled.values, Computed)
    made = scaled.values.compute(np.ones((1, 3), np.float32))
    assert made[0].tolist() == pytest.approx([2.5, 2.5, 5 / 6])
    assert [note.text.partition(":")[0] for note in result.notes] == [
        "its sparse_sigmoid is that of Keras 3",
        "its hard_sigmoid is that of Keras 3",
    ]
