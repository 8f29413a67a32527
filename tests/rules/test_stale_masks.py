from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, functional, nested, on, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
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
        pytest.param(model(called("TimeDistributed", "end", on("x"))), id="steps without a mask"),
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


def test_a_mask_of_steps_is_one() -> None:
    part = called("LSTM", "inside")
    steps = replace(called("TimeDistributed", "a", on("x", mask=M)), parts={"layer": part})
    result = rewrite(model(steps, called("LSTM", "end", on("x"))), KERAS3)
    assert isinstance(result, GraphRewrite)
    assert result.graph.layer("a").parts["layer"].calls == (Call((), {"mask": True}),)
    assert result.graph.layer("end").calls == (on("x", mask=True),)
