from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, dense, functional, identity, nested, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import GraphRewrite, Refusal
from tfjs_serve.rules.shared_arguments import rewrite

SEQUENCE = (None, 5, 3)


def lstm(name: str, *calls: Call, class_name: str = "LSTM", **config: Any) -> Layer:
    flags = {"return_sequences": False, "return_state": False}
    return Layer(name, class_name, {"units": 2, "use_bias": True, **flags, **config}, calls)


def gru(name: str, *calls: Call) -> Layer:
    return lstm(name, *calls, class_name="GRU", return_sequences=True, return_state=True)


def masking(name: str, *calls: Call) -> Layer:
    return Layer(name, "Masking", {"mask_value": 7.0}, calls)


def top(*layers: Layer, outputs: tuple[TensorRef | str, ...] = ("end",)) -> Graph:
    sources = (source("x", SEQUENCE), source("h", (None, 2)))
    return functional((*sources, *layers), outputs, ["x", "h"])


def inner(*layers: Layer, name: str = "inner") -> Graph:
    sources = [source("z", SEQUENCE), source("s", (None, 2))]
    return functional([*sources, *layers], [layers[-1].name], ["z", "s"], name=name)


def outer(graph: Graph) -> Graph:
    return top(nested("end", graph, on("x", "h")))


DECODER = gru("decoder", on("z", "s"))
AFTER = lstm("after", on("decoder"))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(top(gru("a", on("x", "h")), lstm("end", on("a"))), id="no masks, not nested"),
        pytest.param(
            top(gru("end", on("x", "h")), outputs=("end", TensorRef("end", 0, 1))),
            id="no masks, two outputs",
        ),
        pytest.param(top(masking("m", on("x")), lstm("end", on("m"))), id="no states"),
        pytest.param(top(masking("m", on("x")), gru("end", on("m", "h"))), id="alone"),
        pytest.param(
            top(
                lstm("before", on("x"), return_sequences=True),
                masking("m", on("before")),
                gru("end", on("m", "h")),
            ),
            id="the last one",
        ),
        pytest.param(outer(inner(DECODER)), id="alone in a nested model"),
        pytest.param(outer(inner(DECODER, dense("d", on("decoder")))), id="no recurrent one after"),
        pytest.param(
            outer(inner(lstm("encoder", on("z")), gru("decoder", on("z", "encoder")))),
            id="before it in a nested model",
        ),
    ],
)
def test_states_that_reach_nobody_else(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


def alone(name: str, layer: Layer, output: int) -> Graph:
    """Return the model of a Masking and the layer, by its own name and the one of an output."""
    model = f"{name}__alone"
    given = (source(f"{model}__0", SEQUENCE), source(f"{model}__1", (None, 2)))
    sources = tuple(
        replace(item, config={k: v for k, v in item.config.items() if k != "sparse"})
        for item in given
    )
    hidden = masking(f"{name}__masked", on(f"{model}__0"))
    made = replace(layer, name=name, calls=(on(hidden.name, f"{model}__1"),))
    return Graph(
        model,
        GraphKind.FUNCTIONAL,
        (*sources, hidden, made),
        tuple(TensorRef(item.name) for item in sources),
        (TensorRef(name, 0, output),),
    )


NO_TRAINING = Note(
    "its recurrent layers with initial states predict as in Keras, but cannot be trained further:"
    " there TensorFlow.js hands states on from one layer to the next",
    kind=NoteKind.TRAINING,
)


def test_a_masking_and_its_reader_become_a_model_for_each_output() -> None:
    reader = gru("a", on("m", "h"))
    after = lstm("end", on("a"))
    ends = ("end", TensorRef("a", 0, 1))
    result = rewrite(top(masking("m", on("x")), reader, after, outputs=ends), KERAS3)
    first, second = alone("a", reader, 0), alone("a__output_2", reader, 1)
    note = "its weights are there 2 times, once for each of its outputs in use"
    assert result == GraphRewrite(
        top(
            nested("a__alone", first, on("x", "h")),
            nested("a__output_2__alone", second, on("x", "h")),
            lstm("end", on("a__alone")),
            outputs=("end", "a__output_2__alone"),
        ),
        (Note(note, "a"), NO_TRAINING),
    )


def test_outputs_that_nothing_depends_on_need_no_model() -> None:
    dead = identity("dead", on(TensorRef("a", 0, 1)))
    layers = (masking("m", on("x")), gru("a", on("m", "h")), dead, lstm("end", on("a")))
    result = rewrite(top(*layers), KERAS3)
    assert isinstance(result, GraphRewrite)
    assert [layer.name for layer in result.graph.layers] == ["x", "h", "a__alone", "end"]
    assert result.notes == (NO_TRAINING,)


def test_a_shared_reader_is_called_in_one_model() -> None:
    reader = lstm("a", on("m", "h"), on(TensorRef("m", 1), "h"), class_name="SimpleRNN")
    sums = Layer("end", "Add", {}, (on("a", TensorRef("a", 1)),))
    result = rewrite(top(masking("m", on("x"), on("x")), reader, sums), KERAS3)
    assert isinstance(result, GraphRewrite)
    assert result.graph.layer("a__alone").calls == (on("x", "h"), on("x", "h"))
    assert result.graph.layer("end").calls == (on("a__alone", TensorRef("a__alone", 1)),)
    assert result.notes == (NO_TRAINING,)


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(inner(DECODER, AFTER), id="after it"),
        pytest.param(inner(DECODER, lstm("c", on("z"))), id="beside it"),
        pytest.param(
            inner(gru("decoder", on("z", "s"), on("z", TensorRef("decoder", 0, 1)))),
            id="called again",
        ),
        pytest.param(inner(nested("n", inner(DECODER, AFTER), on("z", "s"))), id="deeper"),
    ],
)
def test_a_nested_model_is_written_out(graph: Graph) -> None:
    result = rewrite(outer(graph), KERAS3)
    assert isinstance(result, GraphRewrite)
    assert not any(layer.graph for layer in result.graph.layers)
    assert result.graph.layer("decoder").calls[0] == on("x", "h")


def test_states_within_the_steps_of_a_model_are_refused() -> None:
    encoder = lstm("encoder", on("z"), class_name="GRU")
    step = functional([source("z", SEQUENCE), encoder, gru("g", on("z", "encoder"))], ["g"], ["z"])
    part = Layer("step", "Functional", {}, (Call(),), graph=step)
    each = Layer("end", "TimeDistributed", {}, (on("x"),), parts={"layer": part})
    result = rewrite(functional([source("x", (None, 4, 5, 3)), each], ["end"]), KERAS3)
    why = (
        "holds a recurrent layer with initial states, which TensorFlow.js would hand on from step"
        " to step"
    )
    remedy = "call the model on each step by itself, outside TimeDistributed"
    assert result == Refusal((Reason(why, "end", "TimeDistributed", remedy),))


def test_a_mask_that_two_layers_read_is_refused() -> None:
    readers = (gru("a", on("m", "h")), lstm("end", on("m")))
    graph = top(masking("m", on("x")), *readers, outputs=("a", "end"))
    result = rewrite(graph, KERAS3)
    assert isinstance(result, Refusal)
    assert [(reason.layer, reason.class_name) for reason in result.reasons] == [("a", "GRU")]
