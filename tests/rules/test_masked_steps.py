from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import on, shaped
from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.masked_recurrent import SENTINEL
from tfjs_serve.rules.masked_steps import rewrite

M = TensorRef("m")
SHAPE: Shape = (None, 3, 4, 2)


def each(part: Layer, call: Call | None = None) -> Layer:
    return Layer("a", "TimeDistributed", {}, (call or on("x", mask=M),), parts={"layer": part})


def rnn(class_name: str = "LSTM", **config: Any) -> Layer:
    return Layer("q", class_name, {"units": 2, **config}, (Call((), {"mask": True}),))


def both(**config: Any) -> Layer:
    return Layer("b", "Bidirectional", {"merge_mode": "sum"}, parts={"layer": rnn(**config)})


@pytest.mark.parametrize("call", [on("x"), on("x", mask=None)], ids=["no mask", "null"])
def test_nothing_to_mark(call: Call) -> None:
    assert rewrite(each(rnn(), call), shaped(SHAPE)) is None


@pytest.mark.parametrize("steps", [3, None])
def test_steps_left_out_are_marked(steps: int | None) -> None:
    result = rewrite(each(rnn()), shaped((None, steps, 4, 2)))
    assert isinstance(result, Lowering)
    assert [(part.name, part.class_name) for part in result.layers] == [
        ("a__steps", "Reshape"),
        ("a__kept", "Multiply"),
        ("a__left_out", "Rescaling"),
        ("a__marked", "Add"),
        ("a", "TimeDistributed"),
    ]
    assert result.layers[0].config["target_shape"] == (steps or -1, 4, 1)
    assert result.layers[2].config["offset"] == SENTINEL
    assert result.layers[4] == replace(each(rnn()), calls=(on("a__marked"),))
    assert result.outputs == (TensorRef("a"),)


@pytest.mark.parametrize(
    "part",
    [both(return_sequences=True), rnn(return_sequences=True, zero_output_for_mask=True)],
    ids=["both ways", "asked for"],
)
def test_what_is_left_out_is_zero(part: Layer) -> None:
    result = rewrite(each(part), shaped(SHAPE))
    assert isinstance(result, Lowering)
    assert result.layers[-1].calls == (on("a", "a__steps"),)
    assert result.outputs == (TensorRef("a__held"),)


@pytest.mark.parametrize(
    ("part", "shape", "generation", "word"),
    [
        pytest.param(rnn("ConvLSTM2D"), SHAPE, 3, "ConvLSTM2D", id="class"),
        pytest.param(rnn("GRU", reset_after=True), SHAPE, 3, "reset_after", id="reset-after"),
        pytest.param(rnn(), (2, 3, 4, 2), 2, "batch size", id="Keras 2, fixed batch"),
        pytest.param(rnn(), (None, 3, None, 2), 3, "None", id="steps of any length"),
        pytest.param(
            rnn(zero_output_for_mask=True), SHAPE, 3, "zero_output", id="zeros at the end"
        ),
    ],
)
def test_what_cannot_be_marked_is_refused(
    part: Layer, shape: Shape, generation: int, word: str
) -> None:
    result = rewrite(each(part), shaped(shape, generation=generation))
    assert isinstance(result, Refusal)
    (reason,) = result.reasons
    assert (reason.layer, reason.class_name) == ("a", "TimeDistributed")
    assert word in reason.why
    assert reason.remedy is not None
