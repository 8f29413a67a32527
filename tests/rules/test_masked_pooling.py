from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, refused, shaped
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.masked_pooling import rewrite

M = TensorRef("m")


def pooling(class_name: str = "GlobalAveragePooling1D", **config: Any) -> Layer:
    return replace(layer(class_name, **config), calls=(on("x", mask=M),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("GlobalAveragePooling1D"), id="no mask"),
        pytest.param(pooling("GlobalMaxPooling1D"), id="other class"),
    ],
)
def test_nothing_to_weigh(before: Layer) -> None:
    assert rewrite(before, shaped((None, 4, 3))) is None


@pytest.mark.parametrize(
    ("config", "classes", "axes"),
    [
        pytest.param({}, ["Rescaling", "Activation", "Dot"], (1, 1), id="plain"),
        pytest.param(
            {"data_format": "channels_first"},
            ["Rescaling", "Activation", "Dot"],
            (2, 1),
            id="first",
        ),
        pytest.param(
            {"keepdims": True}, ["Rescaling", "Activation", "Dot", "Reshape"], (1, 1), id="keepdims"
        ),
    ],
)
def test_the_mean_is_a_weighted_sum(
    config: dict[str, Any], classes: list[str], axes: tuple[int, int]
) -> None:
    result = rewrite(pooling(**config), shaped((None, 4, 3)))
    assert isinstance(result, Lowering)
    assert [part.class_name for part in result.layers] == classes
    assert tuple(result.layers[2].config["axes"]) == axes
    assert result.layers[0].calls[0].inputs == (M,)
    assert result.layers[-1].name == "a"


def test_a_hidden_shape_hides_the_layer_too() -> None:
    with pytest.raises(ShapeError, match="no known shape"):
        rewrite(pooling(), shaped(None))


def test_a_mask_of_images_is_refused() -> None:
    before = pooling()
    why = "not supported yet: a mask on input of shape (None, 4, 3, 2)"
    assert rewrite(before, shaped((None, 4, 3, 2))) == refused(before, why)
