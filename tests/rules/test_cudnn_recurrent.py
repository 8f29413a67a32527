from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS2, functional, layer, refused, source, weight
from tfjs_serve.graph import Computed, Graph, Layer
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.cudnn_recurrent import rewrite

UNITS, FEATURES = 2, 3


def recurrent(class_name: str, bias: tuple[int, ...] | None, gates: int, **config: Any) -> Layer:
    weights = [
        weight("kernel", (FEATURES, gates * UNITS)),
        weight("recurrent_kernel", (UNITS, gates * UNITS)),
    ]
    weights += [] if bias is None else [weight("bias", bias)]
    return replace(layer(class_name, units=UNITS, **config), weights=tuple(weights))


def model(*layers: Layer) -> Graph:
    return functional([source(), *layers], ["a"])


@pytest.mark.parametrize(
    "before",
    [
        recurrent("LSTM", (8,), 4),
        recurrent("LSTM", None, 4, use_bias=False),
        recurrent("GRU", (6,), 3),
        recurrent("GRU", (2, 6), 3, reset_after=True),
        replace(layer("Dense"), weights=(weight("kernel", (3, 2)), weight("bias", (16,)))),
        layer("LSTM"),
    ],
)
def test_weights_of_keras_stay(before: Layer) -> None:
    assert rewrite(model(before), KERAS2) is None


def test_a_gru_that_resets_before_has_no_such_weights() -> None:
    before = recurrent("GRU", (12,), 3, reset_after=False)
    assert rewrite(model(before), KERAS2) == refused(
        before,
        "its weights are those of a CuDNNGRU, which resets after the matrix product, and the layer "
        "resets before it (reset_after = False)",
    )


FIELDS = {"activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True}


@pytest.mark.parametrize(
    ("before", "class_name", "more"),
    [
        (recurrent("CuDNNLSTM", (16,), 4), "LSTM", FIELDS),
        (recurrent("LSTM", (16,), 4, activation="tanh"), "LSTM", {}),
        (recurrent("CuDNNGRU", (12,), 3), "GRU", {**FIELDS, "reset_after": True}),
        (recurrent("GRU", (12,), 3, reset_after=True), "GRU", {}),
    ],
    ids=["CuDNNLSTM", "LSTM", "CuDNNGRU", "GRU"],
)
def test_weights_are_arranged_gate_by_gate(
    before: Layer, class_name: str, more: dict[str, Any]
) -> None:
    inside = replace(layer("Bidirectional", "both"), parts={"layer": before})
    result = rewrite(model(before, inside), KERAS2)
    assert isinstance(result, GraphRewrite)
    after = result.graph.layer("a")
    assert (after.class_name, after.config) == (class_name, {**before.config, **more})
    gates = 4 if class_name == "LSTM" else 3
    # cuDNN keeps the matrix of a gate, [units, features]; its shape is that of Keras.
    matrix = np.arange(6).reshape(UNITS, FEATURES)
    kernel = np.hstack([gate * 10 + matrix.reshape(FEATURES, UNITS) for gate in range(gates)])
    wanted = np.hstack([gate * 10 + matrix.T for gate in range(gates)])
    assert _values(after, "kernel", kernel) == wanted.tolist()
    square = np.array([[1, 2], [3, 4]])
    wanted = np.hstack([square.T] * gates)
    assert _values(after, "recurrent_kernel", np.hstack([square] * gates)) == wanted.tolist()
    bias = np.arange(2 * gates * UNITS)
    halves = bias.reshape(2, -1)
    wanted = halves if class_name == "GRU" else halves[0] + halves[1]
    assert _values(after, "bias", bias) == wanted.tolist()
    assert result.graph.layer("both").parts["layer"] == after


def _values(after: Layer, name: str, stored: Any) -> Any:
    (found,) = (weight.values for weight in after.weights if weight.name == name)
    assert isinstance(found, Computed)
    made = found.compute(stored)
    assert made.shape == found.shape
    return made.tolist()
