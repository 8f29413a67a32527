from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, layer, on, refused
from tfjs_serve.graph import Call, TensorRef
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.conv_lstm3d import rewrite

CONV = layer("ConvLSTM3D", filters=2)


def test_another_class_stays_as_it_is() -> None:
    assert rewrite(layer("ConvLSTM2D", filters=2), KERAS3) is None


@pytest.mark.parametrize("call", [on("x"), on("x", mask=True), on("x", mask=None)])
def test_the_companion_module_has_it(call: Call) -> None:
    made = replace(CONV, class_name="TfjsServeConvLSTM3D")
    assert rewrite(replace(CONV, calls=(call,)), KERAS3) == Rewrite(made)


@pytest.mark.parametrize(
    ("call", "what"),
    [
        pytest.param(on("x", mask=TensorRef("m")), "a mask", id="mask"),
        pytest.param(on("x", "h", "c"), "initial states", id="states"),
        pytest.param(on("x", initial_state=(TensorRef("h"),)), "initial states", id="by name"),
    ],
)
def test_states_and_masks_are_refused(call: Call, what: str) -> None:
    before = replace(CONV, calls=(call,))
    assert rewrite(before, KERAS3) == refused(before, f"not supported yet: called with {what}")
