from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, functional, nested, on, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite, Refusal
from tfjs_serve.rules.stale_masks import rewrite

M = TensorRef("m")


def called(class_name: str, name: str, *calls: Call, **config: Any) -> Layer:
    return Layer(name, class_name, config, calls)


def model(*layers: Layer, outputs: tuple[str, ...] = ("end",)) -> Graph:
    return functional((source(), source("m"), source("h"), *layers), outputs, ["x", "m", "h"])


MASKED = called("LSTM", "masked", on("x", mask=M))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(called("LSTM", "end", on("x"))), id="no masks"),
        pytest.param(model(called("LSTM", "end", on("x", mask=M))), id="only masked"),
        pytest.param(
            model(
                called("GRU", "a", on("x", mask=M), reset_after=True),
                called("LSTM", "end", on("x")),
            ),
            id="an unrolled GRU has no mask of tfjs",
        ),
        pytest.param(
            model(called("LSTM", "a", on("x", "h")), called("LSTM", "end", on("x"))),
            id="states at the top, without masks",
        ),
        pytest.param(
            model(MASKED, called("LSTM", "end", on("masked", "h", mask=M))), id="states at the end"
        ),
    ],
)
def test_nothing_to_guard(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


def test_others_get_a_mask_of_their_own() -> None:
    inner = functional((source("i"), called("GRU", "g", on("i"))), ["g"], ["i"])
    layers = (MASKED, nested("inside", inner, on("x")), called("Softmax", "end", on("x"), axis=-1))
    result = rewrite(model(*layers), KERAS3)
    assert isinstance(result, GraphRewrite)
    inside = result.graph.layer("inside").graph
    assert inside is not None
    assert inside.layer("g").calls == (on("i", mask=True),)
    assert result.graph.layer("masked") == MASKED
    assert result.graph.layer("end") == called("Activation", "end", on("x"), activation="softmax")


STATES = called("LSTM", "a", on("x", "h"))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(MASKED, STATES, called("LSTM", "end", on("a"))), id="a later layer"),
        pytest.param(
            functional(
                (
                    source(),
                    nested(
                        "end",
                        functional(
                            (source("x"), source("h"), STATES, called("GRU", "g", on("a"))),
                            ["g"],
                            ["x", "h"],
                        ),
                        on("x", "x"),
                    ),
                ),
                ["end"],
            ),
            id="in a nested model",
        ),
        pytest.param(
            functional(
                (source(), source("m"), source("h"), called("GRU", "a", on("x", "h", mask=M))),
                [TensorRef("a"), TensorRef("a", 0, 1)],
                ["x", "m", "h"],
            ),
            id="the same layer, run for each output",
        ),
    ],
)
def test_states_that_are_handed_on_are_refused(graph: Graph) -> None:
    result = rewrite(graph, KERAS3)
    assert isinstance(result, Refusal)
    assert "initial states" in result.reasons[0].why
