from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import layer, on, shaped, weight
from tfjs_serve.artifacts import GRU_UNROLL, Options
from tfjs_serve.graph import Computed, Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
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
    ("before", "steps", "why"),
    [
        pytest.param(gru(), None, "over any number of steps (at most 24)", id="any length"),
        pytest.param(gru(), GRU_UNROLL + 1, "over 25 steps (at most 24)", id="long"),
        pytest.param(gru(stateful=True), 4, "stateful = True", id="stateful"),
        pytest.param(replace(gru(), weights=()), 4, "weights are not in the file", id="no weights"),
        pytest.param(
            replace(gru(), calls=(on("x", "h", mask=TensorRef("m")),)),
            4,
            "initial states under a mask",
            id="state and mask",
        ),
    ],
)
def test_what_cannot_be_unrolled_is_refused(before: Layer, steps: int | None, why: str) -> None:
    result = rewrite(before, shaped((None, steps, 3)))
    assert isinstance(result, Refusal)
    assert why in result.reasons[0].why


@pytest.mark.parametrize(("steps", "kind"), [(3, Lowering), (4, Refusal)])
def test_the_user_says_how_many_steps_are_laid_out(steps: int, kind: type) -> None:
    context = replace(shaped((None, steps, 3)), options=Options(gru_unroll=3))
    assert isinstance(rewrite(gru(), context), kind)


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
