from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, shaped
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.masked_recurrent import SENTINEL, rewrite

M = TensorRef("m")
CONTEXT = shaped((None, 4, 3), (None, 2))


def rnn(call: Call, class_name: str = "LSTM", **config: Any) -> Layer:
    return replace(layer(class_name, units=2, **config), calls=(call,))


def both(call: Call, *, merge_mode: str | None = "concat", **config: Any) -> Layer:
    parts = {"layer": Layer("q", "LSTM", {"units": 2, **config})}
    return Layer("a", "Bidirectional", {"merge_mode": merge_mode}, (call,), parts=parts)


def classes(before: Layer) -> list[str]:
    result = rewrite(before, CONTEXT)
    assert isinstance(result, Lowering)
    return [part.class_name for part in result.layers]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(rnn(on("x")), id="no mask"),
        pytest.param(rnn(on("x", mask=M), "Dense"), id="other class"),
    ],
)
def test_nothing_to_mask(before: Layer) -> None:
    assert rewrite(before, CONTEXT) is None


def test_a_masking_stands_before_the_layer() -> None:
    result = rewrite(rnn(on("x", mask=M)), CONTEXT)
    assert isinstance(result, Lowering)
    assert [part.name for part in result.layers] == [
        *("a__steps", "a__kept", "a__left_out", "a__marked", "a__masking", "a")
    ]
    assert result.layers[2].config["scale"] == -result.layers[2].config["offset"] == -SENTINEL
    assert result.layers[4].config["mask_value"] == SENTINEL
    assert result.layers[5].calls == (Call((TensorRef("a__masking"),)),)
    assert result.outputs == (TensorRef("a"),)


MARKED = ["Reshape", "Multiply", "Rescaling", "Add", "Masking"]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        pytest.param(rnn(on("x", mask=True)), ["Masking", "LSTM"], id="all steps"),
        pytest.param(
            rnn(on("x", mask=True), return_sequences=True, return_state=True),
            ["Masking", "LSTM", "Reshape", "Reshape", "Reshape"],
            id="all steps, no mask on any output",
        ),
        pytest.param(
            rnn(on("x", mask=M), return_sequences=True),
            [*MARKED, "LSTM", "Reshape"],
            id="sequences",
        ),
        pytest.param(
            both(on("x", mask=M), return_sequences=True),
            [*MARKED, "Bidirectional", "Reshape", "Multiply"],
            id="both ways, zeros for what is left out",
        ),
        pytest.param(
            both(on("x", mask=M), merge_mode=None, return_sequences=True),
            [*MARKED, "Bidirectional", *["Reshape", "Multiply"] * 2],
            id="both ways apart",
        ),
        pytest.param(
            rnn(on("x", "h", mask=M), "GRU"),
            [*MARKED, "GRU", "GlobalMaxPooling1D", "Multiply"],
            id="initial state, last step",
        ),
        pytest.param(
            rnn(on("x", "h", mask=M), "GRU", return_sequences=True),
            [*MARKED, "GRU", "SimpleRNN", "ReLU", "Reshape", "Multiply"],
            id="initial state, sequences",
        ),
    ],
)
def test_the_mask_goes_no_further(before: Layer, expected: list[str]) -> None:
    assert classes(before) == expected


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(rnn(on("x", mask=M), "ConvLSTM2D"), id="ConvLSTM2D"),
        pytest.param(rnn(on("x", mask=TensorRef("x"))), id="input as mask"),
        pytest.param(rnn(on("x", mask=M), zero_output_for_mask=True), id="zeros at the end"),
        pytest.param(
            both(on("x", mask=M), return_sequences=True, go_backwards=True), id="backwards first"
        ),
    ],
)
def test_what_has_no_translation_is_refused(before: Layer) -> None:
    assert isinstance(rewrite(before, CONTEXT), Refusal)
