from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer, refused
from tfjs_serve.rules.bookkeeping import rewrite


def test_a_plain_layer_stays() -> None:
    assert rewrite(layer("Dense", units=4, trainable=False), KERAS3) is None


@pytest.mark.parametrize(
    "name",
    [
        "module",
        "registered_name",
        "build_config",
        "shared_object_id",
        "autocast",
        "batch_input_shape",
        "batch_shape",
        "input_shape",
        "seed_generator",
        "optional",
        "ragged",
    ],
)
@pytest.mark.parametrize("value", [None, True, {"input_shape": [None, 4]}], ids=str)
def test_bookkeeping_goes_whatever_it_says(name: str, value: Any) -> None:
    before = layer("Dense", units=4, **{name: value})
    assert rewrite(before, KERAS3) == changed(before, drop=[name])


def test_several_go_at_once() -> None:
    before = layer("Dense", units=4, module="keras.layers", lora_rank=None, ragged=False)
    assert rewrite(before, KERAS3) == changed(before, drop=["module", "lora_rank", "ragged"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("quantization_config", {"class_name": "Int8", "config": {}}),
        ("lora_rank", 4),
        ("lora_alpha", 0),
    ],
)
def test_other_weights_than_the_layers_are_refused(name: str, value: Any) -> None:
    before = layer("Dense", units=4, **{name: value})
    assert rewrite(before, KERAS3) == refused(before, f"not supported yet: {name} = {value!r}")
    nulled: dict[str, Any] = {"units": 4, name: None}
    before = layer("Dense", **nulled)
    assert rewrite(before, KERAS3) == changed(before, drop=[name])
