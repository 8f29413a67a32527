from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, functional, nested, on, source
from tfjs_serve.graph import Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite, Refusal
from tfjs_serve.rules.stateful import rewrite

FLAGS = {"return_sequences": False, "return_state": False}


def lstm(name: str = "a", *inputs: str, **config: Any) -> Layer:
    fields = {"units": 2, "use_bias": True, "stateful": True, **FLAGS, **config}
    return Layer(name, "LSTM", fields, (on(*(inputs or ("x",))),))


def model(*layers: Layer, batch: int | None = 3, outputs: tuple[TensorRef | str, ...]) -> Graph:
    sources = [source("x", (batch, 4, 3)), source("h", (batch, 2))]
    return functional((*sources, *layers), outputs, ["x", "h"])


def test_nothing_is_stateful() -> None:
    assert rewrite(model(lstm(stateful=False), outputs=("a",)), KERAS3) is None


BOTH = Layer("a", "Bidirectional", {"merge_mode": "sum"}, (on("x"),), parts={"layer": lstm("q")})


@pytest.mark.parametrize(
    "layer", [lstm(), lstm(return_state=True), BOTH], ids=lambda item: item.name
)
def test_a_warning_tells_that_predictions_go_on(layer: Layer) -> None:
    graph = model(layer, outputs=("a",))
    result = rewrite(graph, KERAS3)
    assert isinstance(result, GraphRewrite)
    assert result.graph == graph
    (note,) = result.notes
    assert note.layer == "a"
    assert "batchSize: 3" in note.text


STATES = (TensorRef("a"), TensorRef("a", 0, 1))


@pytest.mark.parametrize(
    ("graph", "word"),
    [
        pytest.param(model(lstm(), batch=None, outputs=("a",)), "batch size", id="any batch"),
        pytest.param(
            model(lstm(return_state=True), outputs=STATES), "several outputs", id="two outputs"
        ),
        pytest.param(model(lstm("a", "x", "h", "h"), outputs=("a",)), "initial", id="states"),
        pytest.param(
            model(
                nested(
                    "a", functional([source("i", (3, 4, 3)), lstm("l", "i")], ["l"], ["i"]), on("x")
                ),
                outputs=("a",),
            ),
            "nested",
            id="in a nested model",
        ),
    ],
)
def test_layers_that_would_run_twice_are_refused(graph: Graph, word: str) -> None:
    result = rewrite(graph, KERAS3)
    assert isinstance(result, Refusal)
    (reason,) = result.reasons
    assert reason.layer == "a"
    assert word in reason.why
    assert (
        reason.remedy
        == "build the model with stateful=False, load the weights into it and save that"
    )
