from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, refused, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.directions import rewrite

SEEN = shaped((None, 4, 3))


def part(class_name: str, *, is_backward: bool = False, **config: Any) -> Layer:
    return Layer("p", class_name, {"units": 2, "go_backwards": is_backward, **config})


def both(forward: Layer, backward: Layer, *calls: Call, **config: Any) -> Layer:
    parts = {"layer": forward, "backward_layer": backward}
    return Layer("b", "Bidirectional", config, calls or (on("x"),), parts=parts)


LSTM, GRU = part("LSTM"), part("GRU", is_backward=True)
CELLS = replace(
    part("RNN"),
    parts={
        "cell": Layer("s", "StackedRNNCells", parts={"cells_0": Layer("c", "LSTMCell")}),
    },
)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LSTM"), id="other class"),
        pytest.param(replace(both(LSTM, GRU), parts={"layer": LSTM}), id="one part"),
        pytest.param(both(LSTM, part("LSTM", is_backward=True)), id="mirrored"),
    ],
)
def test_nothing_to_take_apart(before: Layer) -> None:
    assert rewrite(before, SEEN) is None


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(on("x", "h", "k"), id="Keras 2"),
        pytest.param(on("x", initial_state=(TensorRef("h"), TensorRef("k"))), id="Keras 3"),
    ],
)
def test_initial_states_take_like_directions_apart(call: Call) -> None:
    alike = both(part("GRU"), part("GRU", is_backward=True), call)
    found = rewrite(alike, shaped((None, 4, 3), (None, 2), (None, 2)))
    assert isinstance(found, Lowering)
    calls = [item.calls[0].inputs for item in found.layers if item.class_name == "GRU"]
    assert [len(inputs) for inputs in calls] == [2, 2]


@pytest.mark.parametrize(
    ("before", "why"),
    [
        pytest.param(both(LSTM, part("Mine")), "layer = Mine", id="a class of somebody's"),
        pytest.param(
            both(part("LSTM", is_backward=True), GRU),
            "a forward layer with go_backwards = True",
            id="backwards twice",
        ),
        pytest.param(
            both(part("LSTM", return_sequences=True), GRU),
            "return_sequences that differs between the directions",
            id="a sequence and a step",
        ),
    ],
)
def test_what_cannot_be_merged_is_refused(before: Layer, why: str) -> None:
    assert rewrite(before, SEEN) == refused(before, f"not supported yet: {why}")


def test_sequences_of_volumes_are_refused() -> None:
    volumes = part("ConvLSTM3D", return_sequences=True)
    before = both(volumes, replace(volumes, config={**volumes.config, "go_backwards": True}))
    why = "not supported yet: sequences of ConvLSTM3D; return_sequences = False converts"
    assert rewrite(before, SEEN) == refused(before, why)


def test_volumes_go_both_ways_apart() -> None:
    volumes = part("ConvLSTM3D")
    result = rewrite(both(volumes, volumes), SEEN)
    assert outline(result) == [
        ("b__forward", "ConvLSTM3D"),
        ("b__backward", "ConvLSTM3D"),
        ("b", "Concatenate"),
    ]
    assert fields(result, "b__backward", "go_backwards") == (True,)


def test_a_masked_layer_that_cannot_run_backwards_is_refused() -> None:
    conv = part("ConvLSTM2D")
    with pytest.raises(ShapeError):
        rewrite(both(conv, conv, on("x", mask=TensorRef("m"))), SEEN)


def test_last_steps_are_merged() -> None:
    result = rewrite(both(LSTM, GRU), SEEN)
    assert outline(result) == [("b__forward", "LSTM"), ("b__backward", "GRU"), ("b", "Concatenate")]
    assert fields(result, "b__backward", "go_backwards") == (True,)
    assert fields(result, "b", "axis") == (-1,)


def test_sequences_are_turned_round_again_and_zero_where_masked() -> None:
    forward, backward = (
        replace(p, config={**p.config, "return_sequences": True}) for p in (LSTM, GRU)
    )
    result = rewrite(both(forward, backward, on("x", mask=TensorRef("m")), merge_mode="sum"), SEEN)
    assert outline(result) == [
        ("b__forward", "LSTM"),
        ("b__backward", "GRU"),
        ("b__in_order", "keras.ops.Flip"),
        ("b__merged", "Add"),
        ("b__steps", "Reshape"),
        ("b__held_0", "Multiply"),
    ]
    assert fields(result, "b__forward", "zero_output_for_mask") == (False,)


def test_what_cannot_run_backwards_gets_its_input_turned_round() -> None:
    conv = part("ConvLSTM2D")
    result = rewrite(both(conv, replace(conv, config={**conv.config, "go_backwards": True})), SEEN)
    assert outline(result) == [
        ("b__forward", "ConvLSTM2D"),
        ("b__turned", "keras.ops.Flip"),
        ("b__backward", "ConvLSTM2D"),
        ("b", "Concatenate"),
    ]
    assert fields(result, "b__backward", "go_backwards") == (False,)


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(on("x", "h", "c", "g"), id="Keras 2"),
        pytest.param(
            on("x", initial_state=(TensorRef("h"), TensorRef("c"), TensorRef("g"))), id="Keras 3"
        ),
    ],
)
def test_states_go_to_their_direction_and_come_out_behind(call: Call) -> None:
    forward, backward = (replace(p, config={**p.config, "return_state": True}) for p in (GRU, GRU))
    forward = replace(forward, config={**forward.config, "go_backwards": False, "units": 3})
    states = replace(call, args=call.args)
    result = rewrite(both(forward, backward, _even(states), merge_mode=None), SEEN)
    assert isinstance(result, Lowering)
    one, other = TensorRef("b__forward"), TensorRef("b__backward")
    assert [item.calls for item in result.layers] == [(on("x", "h"),), (on("x", "c"),)]
    assert result.outputs == (one, other, replace(one, output=1), replace(other, output=1))


def _even(call: Call) -> Call:
    """Return the call without its last state: one for each direction is left."""
    if call.kwargs:
        return on("x", initial_state=(TensorRef("h"), TensorRef("c")))
    return on("x", "h", "c")


def test_stacked_cells_are_taken_apart() -> None:
    result = rewrite(both(CELLS, CELLS), SEEN)
    assert outline(result)[:2] == [("b__forward", "RNN"), ("b__backward", "RNN")]
