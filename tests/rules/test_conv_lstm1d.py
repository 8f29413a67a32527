from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, shaped, weight
from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.conv_lstm1d import rewrite

SHAPE = (None, 3, 5, 2)


def conv(**config: Any) -> Layer:
    fields = {"filters": 4, "kernel_size": [2], "padding": "valid", **config}
    weights = (weight("kernel", (2, 2, 16)), weight("bias", (16,)))
    return replace(layer("ConvLSTM1D", **fields), weights=weights)


def test_nothing_to_raise() -> None:
    assert rewrite(layer("ConvLSTM2D"), shaped(SHAPE)) is None


@pytest.mark.parametrize(
    ("config", "shape", "targets"),
    [
        pytest.param({}, SHAPE, [(3, 1, 5, 2), (4, 4)], id="last step"),
        pytest.param({"return_sequences": True}, SHAPE, [(3, 1, 5, 2), (3, 4, 4)], id="sequences"),
        pytest.param(
            {"return_sequences": True, "padding": "same"},
            (None, None, 5, 2),
            [(-1, 1, 5, 2), (-1, 5, 4)],
            id="any number of steps",
        ),
        pytest.param(
            {"return_state": True}, SHAPE, [(3, 1, 5, 2), (4, 4), (4, 4), (4, 4)], id="states"
        ),
    ],
)
def test_images_are_one_pixel_high(
    config: dict[str, Any], shape: Shape, targets: list[tuple[int, ...]]
) -> None:
    result = rewrite(conv(**config), shaped(shape))
    assert isinstance(result, Lowering)
    reshapes = [part for part in result.layers if part.class_name == "Reshape"]
    assert [part.config["target_shape"] for part in reshapes] == targets
    (made,) = (part for part in result.layers if part.class_name == "ConvLSTM2D")
    assert made.config["kernel_size"] == [1, 2]
    assert [w.shape for w in made.weights] == [(1, 2, 2, 16), (16,)]
    assert result.outputs[0] == TensorRef("a")


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        pytest.param(conv(), (None, 3, None, 2), id="unknown length"),
        pytest.param(conv(data_format="channels_first"), SHAPE, id="channels_first"),
        pytest.param(replace(conv(), calls=(on("x", "h"),)), SHAPE, id="initial state"),
    ],
)
def test_what_is_not_one_row_is_refused(before: Layer, shape: Shape) -> None:
    assert isinstance(rewrite(before, shaped(shape)), Refusal)
