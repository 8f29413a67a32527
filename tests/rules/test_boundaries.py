from __future__ import annotations

import pytest

from tests.models import KERAS3, functional, identity, nested, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Graph, TensorRef
from tfjs_serve.rules.boundaries import rewrite
from tfjs_serve.rules.rule import Refusal

TWICE = "not supported yet: its output is returned by the model more than once"
RETURNED = "not supported yet: the model returns this input as an output"

LAYERS = [source(), identity("a", on("x"), on("a"))]
SECOND = TensorRef("a", 1)
LINEAR_TWICE = Reason(TWICE, "a", "Activation")
INPUT = Reason(RETURNED, "x", "InputLayer")


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
    ("graph", "reasons"),
    [
        pytest.param(functional(LAYERS, ["a", SECOND, "a"]), [LINEAR_TWICE], id="twice"),
        pytest.param(functional(LAYERS, ["a", "a", "a"]), [LINEAR_TWICE], id="three times"),
        pytest.param(functional(LAYERS, ["a", "x"]), [INPUT], id="input"),
        pytest.param(
            functional(LAYERS, ["x", "x"]),
            [Reason(TWICE, "x", "InputLayer"), INPUT],
            id="input, twice",
        ),
        pytest.param(
            functional([source(), nested("n", functional(LAYERS, ["a", "x"]), on("x"))], ["n"]),
            [INPUT],
            id="input of a nested model",
        ),
    ],
)
def test_outputs_that_cannot(graph: Graph, reasons: list[Reason]) -> None:
    assert rewrite(graph, KERAS3) == Refusal(tuple(reasons))
