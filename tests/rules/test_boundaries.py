from __future__ import annotations

import pytest

from tests.models import KERAS3, functional, identity, nested, on, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.boundaries import rewrite

LAYERS = [source(), identity("a", on("x"), on("a"))]
SECOND = TensorRef("a", 1)


def copy(name: str, of: TensorRef) -> Layer:
    return Layer(name, "Activation", {"trainable": True, "activation": "linear"}, (Call((of,)),))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(functional(LAYERS, ["a"]), id="one output"),
        pytest.param(functional(LAYERS, ["a", SECOND]), id="two calls"),
        pytest.param(functional(LAYERS, ["a", TensorRef("a", 0, 1)]), id="two outputs of a call"),
        pytest.param(
            functional([source(), nested("n", functional(LAYERS, ["a"]), on("x"))], ["n"]),
            id="nested",
        ),
    ],
)
def test_outputs_that_can_be_returned(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


@pytest.mark.parametrize(
    ("outputs", "copies", "after"),
    [
        pytest.param(
            ["a", SECOND, "a"],
            [copy("a__output_1", TensorRef("a"))],
            ["a", SECOND, "a__output_1"],
            id="twice",
        ),
        pytest.param(
            ["a", "a", "a"],
            [copy("a__output_1", TensorRef("a")), copy("a__output_2", TensorRef("a"))],
            ["a", "a__output_1", "a__output_2"],
            id="three times",
        ),
        pytest.param(
            ["x", "x"],
            [copy("x__output_1", TensorRef("x")), copy("x__output_2", TensorRef("x"))],
            ["x__output_1", "x__output_2"],
            id="input, twice",
        ),
    ],
)
def test_outputs_that_need_a_copy(
    outputs: list[TensorRef | str], copies: list[Layer], after: list[TensorRef | str]
) -> None:
    before = functional(LAYERS, outputs)
    assert rewrite(before, KERAS3) == GraphRewrite(functional([*LAYERS, *copies], after))


def test_nested_models_are_looked_into() -> None:
    inner = functional(LAYERS, ["a", "x"])
    before = functional([source(), nested("n", inner, on("x"))], ["n"])
    copied = functional([*LAYERS, copy("x__output_1", TensorRef("x"))], ["a", "x__output_1"])
    after = functional([source(), nested("n", copied, on("x"))], ["n"])
    assert rewrite(before, KERAS3) == GraphRewrite(after)
