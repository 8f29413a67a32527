from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import functional, layer, on, shaped, source, weight
from tfjs_serve.artifacts import GRU_UNROLL, Options
from tfjs_serve.config.options import MOST_STEPS
from tfjs_serve.graph import Call, Computed, Layer, Shape, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules import translate_model
from tfjs_serve.rules.gru_reset_after import rewrite

WEIGHTS = (
    weight("kernel", (3, 6)),
    weight("recurrent_kernel", (2, 6)),
    weight("bias", (2, 6)),
)


def gru(**config: Any) -> Layer:
    fields: dict[str, Any] = {"units": 2, "reset_after": True, "activation": "tanh"}
    fields |= {"recurrent_activation": "sigmoid", **config}
    return replace(layer("GRU", **fields), weights=WEIGHTS)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(gru(reset_after=False), id="the GRU of tfjs"),
        pytest.param(layer("GRU", units=2), id="Keras before 2.3"),
        pytest.param(layer("LSTM", reset_after=True), id="other class"),
        pytest.param(
            Layer("b", "Bidirectional", {}, (on("x"),), parts={"layer": gru()}), id="half"
        ),
    ],
)
def test_nothing_to_unroll(before: Layer) -> None:
    assert rewrite(before, shaped((None, 4, 3))) is None


@pytest.mark.parametrize(
    ("before", "shape", "why"),
    [
        pytest.param(gru(stateful=True), (None, 4, 3), "stateful = True", id="stateful"),
        pytest.param(gru(), (None, 4, None), "input of shape (None, 4, None)", id="features"),
        pytest.param(gru(), (None, 0, 3), "works on 0 steps", id="no steps"),
        pytest.param(
            replace(gru(), weights=()), (None, 4, 3), "weights are not in the file", id="no weights"
        ),
    ],
)
@pytest.mark.parametrize("companion", [False, True])
def test_what_neither_way_computes_is_refused(
    before: Layer, shape: Shape, why: str, companion: bool
) -> None:
    options = Options(companion=companion)
    result = rewrite(before, replace(shaped(shape), options=options))
    assert isinstance(result, Refusal)
    assert why in result.reasons[0].why


OBSTACLES = [
    pytest.param(gru(), None, "over any number of steps (at most 24)", id="any length"),
    pytest.param(gru(), GRU_UNROLL + 1, "over 25 steps (at most 24)", id="long"),
    pytest.param(
        replace(gru(), calls=(on("x", "h", mask=TensorRef("m")),)),
        4,
        "initial states under a mask",
        id="state and mask",
    ),
]


@pytest.mark.parametrize(("before", "steps", "why"), OBSTACLES)
def test_without_the_companion_module_what_cannot_be_unrolled_is_refused(
    before: Layer, steps: int | None, why: str
) -> None:
    context = replace(shaped((None, steps, 3)), options=Options(companion=False))
    result = rewrite(before, context)
    assert isinstance(result, Refusal)
    (reason,) = result.reasons
    assert why in reason.why
    assert reason.remedy is not None
    assert "companion = true" in reason.remedy


@pytest.mark.parametrize(("before", "steps", "why"), OBSTACLES)
def test_the_companion_module_takes_what_cannot_be_unrolled(
    before: Layer, steps: int | None, why: str
) -> None:
    result = rewrite(before, shaped((None, steps, 3)))
    assert isinstance(result, Lowering)
    (made,) = result.layers
    assert (made.name, made.class_name, made.weights) == ("a", "TfjsServeGRU", WEIGHTS)
    assert (result.outputs, result.notes) == ((TensorRef("a"),), ())


@pytest.mark.parametrize(
    ("call", "config", "inputs"),
    [
        pytest.param(on("x"), {}, ["x"], id="sequence"),
        pytest.param(on("x", "h"), {}, ["x", "h"], id="state"),
        pytest.param(on("x", mask=TensorRef("m")), {"has_mask": True}, ["x", "m"], id="mask"),
        pytest.param(
            on("x", "h", mask=TensorRef("m")), {"has_mask": True}, ["x", "h", "m"], id="both"
        ),
    ],
)
def test_it_is_called_on_the_sequence_then_the_state_then_the_mask(
    call: Call, config: dict[str, bool], inputs: list[str]
) -> None:
    result = rewrite(replace(gru(), calls=(call,)), shaped((None, None, 3)))
    assert isinstance(result, Lowering)
    (made,) = result.layers
    assert made.config == {
        "units": 2,
        "reset_after": True,
        "activation": "tanh",
        "recurrent_activation": "sigmoid",
        "go_backwards": False,
        "is_turned": False,
        "zero_output_for_mask": False,
        "has_mask": False,
        **config,
    }
    assert [ref.layer for ref in made.calls[0].inputs] == inputs
    assert not made.calls[0].kwargs


def test_each_direction_of_a_bidirectional_is_a_layer_with_states_of_its_own() -> None:
    parts = {
        "layer": gru(return_sequences=True),
        "backward_layer": gru(return_sequences=True, go_backwards=True),
    }
    # Keras 3 names the states.
    call = on("x", initial_state=(TensorRef("h1"), TensorRef("h2")))
    before = Layer("b", "Bidirectional", {"merge_mode": "sum"}, (call,), parts=parts)
    result = rewrite(before, shaped((None, None, 3)))
    assert isinstance(result, Lowering)
    there, back, merged = result.layers
    ways = [
        tuple(half.config[name] for name in ("go_backwards", "is_turned", "zero_output_for_mask"))
        for half in (there, back)
    ]
    assert ways == [(False, False, True), (True, True, True)]
    assert [[ref.layer for ref in half.calls[0].inputs] for half in (there, back)] == [
        ["x", "h1"],
        ["x", "h2"],
    ]
    assert (merged.name, merged.class_name) == ("b", "Add")
    assert [ref.layer for ref in merged.calls[0].inputs] == ["b__forward", "b__backward"]


@pytest.mark.parametrize(("steps", "name"), [(3, "Functional"), (4, "TfjsServeGRU")])
def test_the_user_says_how_many_steps_are_laid_out(steps: int, name: str) -> None:
    context = replace(shaped((None, steps, 3)), options=Options(gru_unroll=3))
    result = rewrite(gru(), context)
    assert isinstance(result, Lowering)
    assert result.layers[0].class_name == name


def test_none_are_laid_out_when_the_user_says_so() -> None:
    result = rewrite(gru(), replace(shaped((None, 1, 3)), options=Options(gru_unroll=0)))
    assert isinstance(result, Lowering)
    assert result.layers[0].class_name == "TfjsServeGRU"


def test_a_step_is_a_group_of_calls_of_shared_layers() -> None:
    result = rewrite(gru(), shaped((None, 3, 3)))
    assert isinstance(result, Lowering)
    (model,) = result.layers
    assert (model.name, model.class_name) == ("a", "Functional")
    assert result.outputs == (TensorRef("a"),)
    assert model.graph is not None
    dense = {part.name: part for part in model.graph.layers if part.class_name == "Dense"}
    assert {name: len(part.calls) for name, part in dense.items()} == {
        "a__input": 3,
        "a__z": 3,
        "a__r": 3,
        "a__recurrent": 3,
    }
    assert [w.shape for w in dense["a__z"].weights] == [(5, 2), (2,)]
    assert model.graph.outputs == (TensorRef("a__state_after", 2),)


def test_weights_are_the_columns_of_their_gates() -> None:
    result = rewrite(gru(), shaped((None, 1, 3)))
    assert isinstance(result, Lowering)
    assert result.layers[0].graph is not None
    kernel, bias = result.layers[0].graph.layer("a__r").weights
    assert isinstance(kernel.values, Computed)
    assert isinstance(bias.values, Computed)
    x, h = np.arange(18).reshape(3, 6), 100 + np.arange(12).reshape(2, 6)
    assert kernel.values.compute(x, h).tolist() == [
        [2, 3],
        [8, 9],
        [14, 15],
        [102, 103],
        [108, 109],
    ]
    assert bias.values.compute(np.arange(12.0).reshape(2, 6)).tolist() == [10.0, 12.0]


def test_the_most_steps_are_laid_out_in_a_model() -> None:
    config = {"return_sequences": True, "go_backwards": False, "use_bias": True}
    graph = functional([source(shape=(None, MOST_STEPS, 3)), gru(**config)], ["a"])
    context = replace(shaped(), options=Options(gru_unroll=MOST_STEPS))
    made = translate_model(graph, context).graph.layer("a").graph
    assert made is not None
    assert len(made.layer("a__state_after").calls) == MOST_STEPS
