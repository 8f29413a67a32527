from __future__ import annotations

import pytest

from tests.models import KERAS3, dense, functional, identity, nested, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import Refusal
from tfjs_serve.rules.nested_states import rewrite


def lstm(name: str, *calls: Call, class_name: str = "LSTM") -> Layer:
    return Layer(name, class_name, {}, calls)


def inner(*layers: Layer, name: str = "inner") -> Graph:
    return functional([source("z"), source("h"), *layers], [layers[-1].name], ["z", "h"], name=name)


def outer(graph: Graph) -> Graph:
    return functional([source(), source("y"), nested("m", graph, on("x", "y"))], ["m"], ["x", "y"])


DECODER = lstm("decoder", on("z", "h"))
AFTER = lstm("after", on("decoder"))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(outer(inner(dense("d", on("z")))), id="nothing recurrent"),
        pytest.param(outer(inner(lstm("a", on("z")), lstm("b", on("a")))), id="no states"),
        pytest.param(outer(inner(DECODER)), id="alone"),
        pytest.param(outer(inner(DECODER, dense("d", on("decoder")))), id="other layers after it"),
        pytest.param(inner(DECODER, AFTER), id="not nested"),
        pytest.param(
            outer(inner(lstm("encoder", on("z")), lstm("decoder", on("z", "encoder")))),
            id="before it",
        ),
        pytest.param(
            outer(
                inner(
                    nested("n", inner(lstm("e", on("z"))), on("z", "h")),
                    identity("i", on("n")),
                    lstm("decoder", on("z", "i")),
                )
            ),
            id="in a model before it",
        ),
        pytest.param(
            functional(
                [
                    source(),
                    source("y"),
                    nested("m", inner(DECODER), on("x", "y"), on("y", "x")),
                ],
                ["m", TensorRef("m", 1)],
                ["x", "y"],
            ),
            id="calls of the outermost model",
        ),
    ],
)
def test_states_that_reach_nobody_else(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


def why(other: str) -> str:
    return (
        "not supported yet: called with initial states in a nested model, where"
        f" {other!r} may run after it"
    )


@pytest.mark.parametrize(
    ("graph", "reason"),
    [
        pytest.param(
            outer(inner(DECODER, AFTER)), Reason(why("after"), "decoder", "LSTM"), id="after it"
        ),
        pytest.param(
            outer(inner(DECODER, lstm("b", on("decoder"), class_name="Bidirectional"))),
            Reason(why("b"), "decoder", "LSTM"),
            id="both ways",
        ),
        pytest.param(
            outer(inner(DECODER, lstm("c", on("z"), class_name="ConvLSTM2D"))),
            Reason(why("c"), "decoder", "LSTM"),
            id="beside it",
        ),
        pytest.param(
            outer(inner(lstm("decoder", on("z", "h"), on("z", "decoder")))),
            Reason(why("decoder"), "decoder", "LSTM"),
            id="called again",
        ),
        pytest.param(
            outer(inner(DECODER, nested("n", inner(lstm("e", on("z"))), on("decoder", "h")))),
            Reason(why("n"), "decoder", "LSTM"),
            id="in a model after it",
        ),
        pytest.param(
            outer(inner(nested("n", inner(DECODER), on("z", "h")), lstm("e", on("n")))),
            Reason(why("e"), "n", "Functional"),
            id="states in a model inside",
        ),
        pytest.param(
            outer(inner(nested("n", inner(DECODER, AFTER), on("z", "h")))),
            Reason(why("after"), "decoder", "LSTM"),
            id="deeper",
        ),
    ],
)
def test_states_that_another_layer_would_find(graph: Graph, reason: Reason) -> None:
    assert rewrite(graph, KERAS3) == Refusal((reason,))
