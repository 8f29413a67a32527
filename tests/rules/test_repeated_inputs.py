from __future__ import annotations

import pytest

from tests.models import KERAS3, on, refused
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rules.repeated_inputs import rewrite

X, SECOND, OTHER = TensorRef("x"), TensorRef("x", 1), TensorRef("x", 0, 1)


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param((), id="never called"),
        pytest.param((on("x", "y"),), id="different tensors"),
        pytest.param((on("x"), on("x")), id="the same one in two calls"),
        pytest.param((on(X, SECOND, OTHER),), id="other calls and outputs of one layer"),
        pytest.param((on("x", mask=X),), id="by name, which is refused elsewhere"),
    ],
)
def test_no_tensor_twice(calls: tuple[Call, ...]) -> None:
    assert rewrite(Layer("a", "Add", {}, calls), KERAS3) is None


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param((on("x", "x"),), id="list"),
        pytest.param((on("x", "y"), on("x", "y", "x")), id="in a later call"),
        pytest.param((Call((X, (OTHER, (X,)))),), id="nested"),
    ],
)
def test_a_tensor_twice_is_refused(calls: tuple[Call, ...]) -> None:
    before = Layer("a", "Add", {}, calls)
    why = "not supported yet: called with the same tensor twice"
    assert rewrite(before, KERAS3) == refused(before, why)
