from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, assert_values, draw, op, seen
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Refusal, Rewrite
from tfjs_serve.rules.activation_operations import rewrite


def gelu(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


@pytest.mark.parametrize(
    "before",
    [
        layer("Activation", activation="relu"),
        op("Relu", X, Y),
        op("Sparsemax", X),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("HardSigmoid", X), lambda x: np.clip(x + 3, 0, 6) / 6),
        (op("HardSilu", X), lambda x: x * np.clip(x + 3, 0, 6) / 6),
        (op("HardTanh", X), lambda x: np.clip(x, -1, 1)),
        (op("TanhShrink", X), lambda x: x - np.tanh(x)),
        (op("SoftShrink", X, threshold=0.3), lambda x: np.sign(x) * np.maximum(abs(x) - 0.3, 0)),
        (op("HardShrink", X, threshold=0.5), lambda x: np.where(abs(x) > 0.5, x, 0)),
        (op("LogSigmoid", X), lambda x: -np.log1p(np.exp(-x))),
        (op("SparseSigmoid", X), lambda x: np.clip(0.5 * x + 0.5, 0, 1)),
        (op("SparsePlus", X), lambda x: np.where(x > 1, x, np.clip(x + 1, 0, 2) ** 2 / 4)),
        (op("Elu", X, alpha=0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
        (op("Celu", X, alpha=2.0), lambda x: np.where(x > 0, x, 2 * np.expm1(x / 2))),
        (op("LeakyRelu", X, negative_slope=0.1), lambda x: np.where(x > 0, x, 0.1 * x)),
        (op("Glu", X, axis=-1), lambda x: x[..., :2] / (1 + np.exp(-x[..., 2:]))),
        (op("Gelu", X, approximate=True), gelu),
        (op("Threshold", X, threshold=0.5, default_value=0), lambda x: np.where(x > 0.5, x, 0)),
        (op("Softmax", X, axis=1), lambda x: np.exp(x) / np.exp(x).sum(1, keepdims=True)),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


@pytest.mark.parametrize(
    ("before", "activation"),
    [
        (op("Relu6", X), "relu6"),
        (op("Silu", X), "swish"),
        (op("Gelu", X, approximate=False), "gelu"),
        (op("Softmax", X, axis=-1), "softmax"),
        (op("LogSoftmax", X, axis=2), "log_softmax"),
    ],
)
def test_what_tfjs_has(before: Layer, activation: str) -> None:
    after = Layer("a", "Activation", {"activation": activation}, before.calls)
    assert rewrite(before, seen(before, (None, 3, 4))) == Rewrite(after)


@pytest.mark.parametrize(
    "before",
    [
        op("Softmax", X, axis=0),
        op("Softmax", X, axis=[1, 2]),
        op("Celu", X, alpha=0.0),
        op("SoftShrink", X, threshold=-1.0),
        op("Threshold", X, threshold=0.5, default_value=1.0),
    ],
)
def test_other_parameters_are_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, seen(before, (None, 3, 4))), Refusal)
