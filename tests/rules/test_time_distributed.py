from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, shaped
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.time_distributed import rewrite

RANK_4 = shaped((None, 2, 3, 4))


def each(class_name: str, *, trainable: bool = True, **config: Any) -> Layer:
    inner = replace(layer(class_name, "inner", **config), calls=())
    wrapper = layer("TimeDistributed", trainable=trainable)
    return replace(wrapper, parts={"layer": inner})


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(each("Conv2D"), id="depends on the rank"),
        pytest.param(each("PReLU"), id="a weight for each place"),
        pytest.param(each("Dropout", noise_shape=[None, 1]), id="drops by axes"),
        pytest.param(each("Rescaling", scale=[1.0, 2.0]), id="scales by axes"),
        pytest.param(layer("TimeDistributed"), id="nothing inside"),
        pytest.param(each("Softmax", axis=0), id="batch axis"),
        pytest.param(each("Softmax", axis=-3), id="batch axis from the end"),
    ],
)
def test_layers_that_stay_wrapped(before: Layer) -> None:
    assert rewrite(before, RANK_4) is None


@pytest.mark.parametrize(
    ("before", "config"),
    [
        pytest.param(each("Dense", units=2), {"units": 2}, id="no axis"),
        pytest.param(each("BatchNormalization", axis=1), {"axis": 2}, id="axis"),
        pytest.param(each("BatchNormalization", axis=-1), {"axis": -1}, id="from the end"),
        pytest.param(each("LayerNormalization", axis=[1, -1]), {"axis": [2, -1]}, id="axes"),
        pytest.param(each("Rescaling", scale=0.5), {"scale": 0.5}, id="numbers"),
        pytest.param(each("Dense", trainable=False), {"trainable": False}, id="frozen"),
    ],
)
def test_the_inner_layer_takes_name_and_calls(before: Layer, config: dict[str, Any]) -> None:
    inner = before.parts["layer"]
    after = replace(inner, name="a", calls=before.calls, config={"trainable": True, **config})
    assert rewrite(before, RANK_4) == Lowering((after,), (TensorRef("a"),))
