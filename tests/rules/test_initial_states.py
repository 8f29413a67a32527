from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, layer, on
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.initial_states import rewrite

H, C = TensorRef("encoder", output=1), TensorRef("encoder", output=2)


def called(class_name: str, *calls: Call) -> Layer:
    return replace(layer(class_name), calls=calls)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(called("LSTM", on("x")), id="no states"),
        pytest.param(called("LSTM", on("x", H, C)), id="Keras 2"),
        pytest.param(called("LSTM", on("x", initial_state=None)), id="null"),
        pytest.param(called("LSTM", on("x", mask=H)), id="another argument"),
        pytest.param(called("Dense", on("x", initial_state=H)), id="other class"),
    ],
)
def test_nothing_to_move(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            called("LSTM", on("x", initial_state=(H, C))),
            called("LSTM", on("x", H, C)),
            id="two states",
        ),
        pytest.param(
            called("GRU", on("x", initial_state=H)), called("GRU", on("x", H)), id="one state"
        ),
        pytest.param(
            called("SimpleRNN", on("x"), on("y", initial_state=(H,), mask=C)),
            called("SimpleRNN", on("x"), on("y", H, mask=C)),
            id="one call of two, other arguments kept",
        ),
    ],
)
def test_states_become_inputs(before: Layer, after: Layer) -> None:
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    assert [call.inputs for call in result.layer.calls] == [call.inputs for call in after.calls]
    assert [call.kwargs for call in result.layer.calls] == [call.kwargs for call in after.calls]
