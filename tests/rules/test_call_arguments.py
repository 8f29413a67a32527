from __future__ import annotations

import pytest

from tests.models import KERAS3, on, refused
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rules.call_arguments import rewrite

X, Y = TensorRef("x"), TensorRef("y")
MASK = "not supported yet: called with mask = a tensor"


@pytest.mark.parametrize(
    "calls",
    [
        pytest.param((), id="never called"),
        pytest.param((Call(),), id="no arguments"),
        pytest.param((on("x"), on("x", "y")), id="tensors"),
        pytest.param((Call((X, Y)),), id="tensors as arguments of their own"),
    ],
)
def test_tensors_alone(calls: tuple[Call, ...]) -> None:
    assert rewrite(Layer("a", "Add", {}, calls), KERAS3) is None


@pytest.mark.parametrize(
    ("calls", "why"),
    [
        pytest.param((on("x", mask=Y),), [MASK], id="mask"),
        pytest.param((on("x", mask=(None, (Y,))),), [MASK], id="mask among others"),
        pytest.param((on("x", mask=Y), on("y", mask=X)), [MASK], id="the same in two calls"),
        pytest.param(
            (on("x"), on("x", training=True)),
            ["not supported yet: called with training = True"],
            id="training",
        ),
        pytest.param(
            (on("x", a=1, b="c"),),
            ["not supported yet: called with a = 1", "not supported yet: called with b = 'c'"],
            id="two arguments",
        ),
        pytest.param(
            (Call((X, 2.5)),), ["not supported yet: called with the constant 2.5"], id="constant"
        ),
        pytest.param(
            (Call(("a dict of p, q",)),),
            ["not supported yet: called with a dict of p, q"],
            id="dict of tensors",
        ),
        pytest.param(
            (Call(((X, (None,)),)),),
            ["not supported yet: called with the constant None"],
            id="constant inside a list",
        ),
    ],
)
def test_anything_else_is_refused(calls: tuple[Call, ...], why: list[str]) -> None:
    before = Layer("a", "Add", {}, calls)
    assert rewrite(before, KERAS3) == refused(before, *why)


def test_an_operation_that_no_rule_took_is_named() -> None:
    before = Layer("a", "keras.ops.FloorDivide", {}, (Call((X, 2)),))
    why = "not supported yet: operation keras.ops.FloorDivide, called with the constant 2"
    assert rewrite(before, KERAS3) == refused(before, why)
