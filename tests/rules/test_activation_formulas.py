from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import KERAS2, KERAS3, layer, shaped
from tests.rules.numbers import computed, draw
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering, Rewrite
from tfjs_serve.rules.activation_formulas import rewrite


def activation(value: object) -> Layer:
    return Layer("a", "Activation", {"activation": value}, (Call((TensorRef(INPUT),)),))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(activation("relu"), KERAS3, id="tfjs has it"),
        pytest.param(activation("hard_sigmoid"), KERAS2, id="Keras 2's hard sigmoid"),
        pytest.param(activation("swoosh"), KERAS3, id="no formula"),
        pytest.param(activation("threshold"), KERAS3, id="needs parameters"),
        pytest.param(activation({"class_name": "mine", "config": {}}), KERAS3, id="custom"),
        pytest.param(activation(None), KERAS3, id="none"),
        pytest.param(layer("Dense", activation="celu"), KERAS3, id="another layer"),
    ],
)
def test_nothing_to_compute(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hard_sigmoid", lambda x: np.clip(x / 6 + 0.5, 0, 1)),
        ("hard_swish", lambda x: x * np.clip(x / 6 + 0.5, 0, 1)),
        ("leaky_relu", lambda x: np.where(x > 0, x, 0.2 * x)),
        ("celu", lambda x: np.where(x > 0, x, np.expm1(x))),
        ("hard_shrink", lambda x: np.where(abs(x) > 0.5, x, 0)),
        ("soft_shrink", lambda x: np.sign(x) * np.maximum(abs(x) - 0.5, 0)),
        ("glu", lambda x: x[..., :2] / (1 + np.exp(-x[..., 2:]))),
        ("exponential", np.exp),
    ],
)
def test_formulas(name: str, expected: Any) -> None:
    x = draw(3, 4)
    result = rewrite(activation(name), shaped((None, 3, 4)))
    assert isinstance(result, Lowering)
    assert result.layers[-1].name == "a"
    (found,) = computed(result, x)
    np.testing.assert_allclose(found, expected(x), rtol=1e-5, atol=1e-6)


def test_a_layer_takes_the_place() -> None:
    fields = {"trainable": True, "negative_slope": 0.1}
    before = activation({"class_name": "LeakyReLU", "config": {"name": "l", **fields}})
    after = Layer("a", "LeakyReLU", fields, before.calls)
    assert rewrite(before, KERAS3) == Rewrite(after)


def test_an_operation_takes_the_place() -> None:
    before = activation("sparsemax")
    after = Layer("a", "keras.ops.Sparsemax", {"axis": -1}, before.calls)
    assert rewrite(before, KERAS3) == Lowering((after,), (TensorRef("a"),))
