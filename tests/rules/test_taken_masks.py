from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.models import functional, on, source
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering.taken_masks import Place, taken_masks

X = TensorRef("x")


def heads(name: str, *calls: Call) -> Layer:
    return Layer(name, "MultiHeadAttention", {}, calls)


def add(name: str, *tensors: str) -> Layer:
    return Layer(name, "Add", {}, (on(*tensors),))


def drop(name: str, tensor: str) -> Layer:
    return Layer(name, "Dropout", {}, (on(tensor),))


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([add("a", "x", "x")], id="no attention"),
        pytest.param([heads("a", on("x", "x"))], id="nothing else reads it"),
        pytest.param(
            [Layer("g", "GroupedQueryAttention", {}, (on("x", "x"),)), add("a", "x", "g")],
            id="another attention",
        ),
        pytest.param(
            [add("b", "x", "x"), heads("h", on("b", "b")), add("a", "h", "h")], id="read before"
        ),
        pytest.param([drop("a", "a")], id="circle"),
    ],
)
def test_nothing_is_taken(layers: list[Layer]) -> None:
    assert taken_masks(functional([source(), *layers], [layers[-1].name])) == {}


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param(
            [heads("h", on("x", "x")), add("a", "x", "h")], {(("a", 0), X): True}, id="residual"
        ),
        pytest.param(
            [heads("h", Call((X,), {"value": X})), add("a", "x", "h")],
            {(("a", 0), X): True},
            id="by name",
        ),
        pytest.param(
            [drop("d", "x"), heads("h", on("d", "d")), add("a", "x", "h")],
            {(("a", 0), X): True},
            id="through a dropout, which returns its input",
        ),
        pytest.param(
            [heads("h", on("x", "x")), heads("i", on("x", "x")), add("a", "h", "i")],
            {(("h", 0), X): False, (("i", 0), X): False},
            id="side by side",
        ),
        pytest.param(
            [heads("h", on("x", "x"), on("i", "i")), add("i", "x", "x")],
            {(("i", 0), X): False},
            id="shared",
        ),
    ],
)
def test_masks_that_are_gone(
    layers: list[Layer], expected: Mapping[tuple[Place, TensorRef], bool]
) -> None:
    outputs = [TensorRef(layers[0].name, 1)] if len(layers[0].calls) > 1 else [layers[-1].name]
    assert taken_masks(functional([source(), *layers], outputs)) == expected
