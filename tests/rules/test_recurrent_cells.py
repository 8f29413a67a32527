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


def both(layer: Layer, backward_layer: Layer) -> Layer:
    parts = {"layer": layer, "backward_layer": backward_layer}
    return Layer("b", "Bidirectional", {}, (on("x"),), parts=parts)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LSTM"), id="other class"),
        pytest.param(replace(rnn(CELL), parts={}), id="no cell"),
        pytest.param(both(layer("LSTM"), rnn(replace(CELL, class_name="Own"))), id="no RNN inside"),
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


def test_what_a_bidirectional_holds_is_unwrapped_before_rules_look_at_it() -> None:
    unwrapped = rewrite(rnn(CELL), KERAS3)
    assert isinstance(unwrapped, Rewrite)
    plain = layer("LSTM")
    assert rewrite(both(rnn(CELL), plain), KERAS3) == Rewrite(both(unwrapped.layer, plain))


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
        pytest.param(
            rnn(stacked(CELL), on("x", mask=TensorRef("m")), return_state=True),
            id="states come out under a mask",
        ),
        pytest.param(rnn(stacked(CELL), on("x", "h")), id="too few states"),
        pytest.param(
            rnn(stacked(CELL), on("x", mask=TensorRef("m")), go_backwards=True), id="mask backwards"
        ),
    ],
)
def test_what_is_no_chain_is_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, KERAS3), Refusal)


STATES = ((TensorRef("h"), TensorRef("c")), TensorRef("g"))


def test_states_go_into_the_cells_in_order_and_come_out_again() -> None:
    other = Layer("d", "GRUCell", {"units": 3})
    before = rnn(stacked(CELL, other), on("x", "h", "c", "g"), return_state=True)
    result = rewrite(before, KERAS3)
    assert isinstance(result, Lowering)
    assert [(layer.name, layer.calls[0]) for layer in result.layers] == [
        ("a__1", on("x", "h", "c")),
        ("a__2", on("a__1", "g")),
    ]
    first, second = TensorRef("a__1"), TensorRef("a__2")
    assert result.outputs == (
        second,
        *(replace(first, output=1), replace(first, output=2), replace(second, output=1)),
    )
    named = rnn(stacked(CELL, other), on("x", initial_state=STATES), return_state=True)
    assert rewrite(named, KERAS3) == result
