from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, shaped
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite
from tfjs_serve.rules.conv_lstm_backwards import rewrite

IMAGES = shaped((None, 3, 4, 4, 2))


def lstm(class_name: str = "ConvLSTM2D", **config: Any) -> Layer:
    return layer(class_name, **{"go_backwards": True, **config})


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(lstm("LSTM"), IMAGES, id="other class"),
        pytest.param(lstm(go_backwards=False), IMAGES, id="forwards"),
        pytest.param(lstm(), shaped(None), id="hidden shape"),
        pytest.param(
            replace(lstm(), calls=(Call((TensorRef("x"),), {"mask": TensorRef("m")}),)),
            IMAGES,
            id="mask",
        ),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_one_step_has_no_order() -> None:
    found = rewrite(lstm(), shaped((None, 1, 4, 4, 2)))
    assert found == Rewrite(lstm(go_backwards=False))


def test_unknown_steps_are_refused() -> None:
    assert isinstance(rewrite(lstm(), shaped((None, None, 4, 4, 2))), Refusal)


@pytest.mark.parametrize("returns_state", [False, True])
def test_the_steps_are_reversed(returns_state: bool) -> None:
    found = rewrite(lstm(return_state=returns_state), IMAGES)
    assert outline(found) == [
        ("a__permute_1", "Permute"),
        ("a__axis_1", "Dense"),
        ("a__permute_3", "Permute"),
        ("a", "ConvLSTM2D"),
    ]
    assert values(found, "a__axis_1", "kernel") == [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    assert fields(found, "a", "go_backwards") == (False,)
    assert isinstance(found, Lowering)
    count = 3 if returns_state else 1
    assert found.outputs == tuple(TensorRef("a", 0, index) for index in range(count))
