from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, on, weight
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal, Rewrite
from tfjs_serve.rules.recurrent_cells import rewrite

KERNEL = weight("kernel", (3, 8))
CELL = Layer("c", "LSTMCell", {"units": 2, "trainable": True}, weights=(KERNEL,))


def rnn(cell: Layer, *calls: Call, **config: Any) -> Layer:
    fields = {"trainable": False, "return_sequences": False, **config}
    return Layer("a", "RNN", fields, calls or (on("x"),), parts={"cell": cell})


def stacked(*cells: Layer) -> Layer:
    parts = {f"cells_{i}": cell for i, cell in enumerate(cells)}
    return Layer("s", "StackedRNNCells", {}, parts=parts)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LSTM"), id="other class"),
        pytest.param(replace(rnn(CELL), parts={}), id="no cell"),
    ],
)
def test_nothing_to_unwrap(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_the_layer_has_the_fields_of_both() -> None:
    after = Layer(
        "a",
        "LSTM",
        {"units": 2, "trainable": False, "return_sequences": False},
        (on("x"),),
        (KERNEL,),
    )
    assert rewrite(rnn(CELL), KERAS3) == Rewrite(after)


def test_cells_become_a_chain() -> None:
    other = Layer("d", "GRUCell", {"units": 3})
    result = rewrite(rnn(stacked(CELL, other), go_backwards=True), KERAS3)
    assert isinstance(result, Lowering)
    below, above = result.layers
    assert (below.name, below.class_name, above.name, above.class_name) == (
        *("a__1", "LSTM"),
        *("a", "GRU"),
    )
    flags = ("return_sequences", "go_backwards")
    assert [below.config[flag] for flag in flags] == [True, True]
    assert [above.config[flag] for flag in flags] == [False, False]
    assert above.calls == (on("a__1"),)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(rnn(Layer("c", "MyCell")), id="custom cell"),
        pytest.param(rnn(stacked(CELL, Layer("c", "MyCell"))), id="custom cell among others"),
        pytest.param(rnn(stacked(CELL), return_state=True), id="states come out"),
        pytest.param(rnn(stacked(CELL), on("x", "h")), id="states go in"),
        pytest.param(
            rnn(stacked(CELL), on("x", mask=TensorRef("m")), go_backwards=True), id="mask backwards"
        ),
    ],
)
def test_what_is_no_chain_is_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, KERAS3), Refusal)
