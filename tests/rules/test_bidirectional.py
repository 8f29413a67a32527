from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, layer, on, refused
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.bidirectional import rewrite

DIFFERS = "not supported yet: backward_layer that differs from layer"
SAME_WAY = "not supported yet: backward_layer that does not run the other way"


def lstm(name: str, *, is_backwards: bool = False, **config: Any) -> Layer:
    return Layer(name, "LSTM", {"units": 2, "go_backwards": is_backwards, **config})


def both(forward: Layer, backward: Layer) -> Layer:
    parts = {"layer": forward, "backward_layer": backward}
    return Layer("b", "Bidirectional", {"merge_mode": "concat"}, (on("x"),), parts=parts)


PART = lstm("l")
# Keras 2 writes no backward layer: both parts are copies of one.
COPIES = both(PART, replace(PART))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LSTM"), id="other class"),
        pytest.param(
            Layer("t", "TimeDistributed", parts={"layer": lstm("forward_l")}), id="other wrapper"
        ),
        pytest.param(
            replace(COPIES, parts={"layer": lstm("forward_l")}), id="one part, weights missing"
        ),
        pytest.param(COPIES, id="copies"),
        pytest.param(both(PART, lstm("l", is_backwards=True)), id="mirrored"),
        pytest.param(
            both(PART, lstm("l", is_backwards=True, trainable=False)), id="trained differently"
        ),
        pytest.param(
            both(PART, lstm("l", is_backwards=True, kernel_initializer="zeros")),
            id="initialized differently",
        ),
    ],
)
@pytest.mark.parametrize("context", [KERAS2, KERAS3], ids=["Keras 2", "Keras 3"])
def test_nothing_to_rename(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("forward", "backward", "name"),
    [
        pytest.param("forward_l", "backward_l", "l", id="Keras 3"),
        pytest.param("forward_f", "backward_g", "f", id="Keras 3, two layers"),
        pytest.param("f", "g", "f", id="Keras 2, two layers"),
        pytest.param("forward_forward_l", "backward_l", "forward_l", id="only one prefix"),
    ],
)
def test_both_parts_get_one_name(forward: str, backward: str, name: str) -> None:
    before = both(lstm(forward), lstm(backward, is_backwards=True, zero_output_for_mask=True))
    after = both(lstm(name), lstm(name, is_backwards=True, zero_output_for_mask=True))
    assert rewrite(before, KERAS3) == Rewrite(after)


@pytest.mark.parametrize(
    ("backward", "why"),
    [
        pytest.param(lstm("l", is_backwards=True, units=3), DIFFERS, id="units"),
        pytest.param(lstm("l", is_backwards=True, activation="relu"), DIFFERS, id="activation"),
        pytest.param(
            Layer("l", "GRU", {"units": 2, "go_backwards": True}), DIFFERS, id="another class"
        ),
        pytest.param(lstm("l", dropout=0.0), DIFFERS, id="a field more"),
        pytest.param(lstm("l", zero_output_for_mask=True), SAME_WAY, id="the same way"),
    ],
)
def test_parts_that_differ_are_refused(backward: Layer, why: str) -> None:
    before = both(PART, backward)
    assert rewrite(before, KERAS3) == refused(before, why)
