from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, weight
from tests.rules.spatial import computed
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.spread_kernels import WARNING, rewrite


def conv(class_name: str, **config: Any) -> Layer:
    return layer(class_name, **{"kernel_size": 2, **config})


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(conv("Conv2D", strides=2, dilation_rate=2), id="other class"),
        pytest.param(conv("DepthwiseConv2D"), id="no word of it"),
        pytest.param(conv("DepthwiseConv2D", strides=2, dilation_rate=1), id="strides alone"),
        pytest.param(conv("SeparableConv1D", strides=1, dilation_rate=2), id="dilation alone"),
        pytest.param(conv("Conv2DTranspose", strides=2, dilation_rate=[1, 1]), id="transposed"),
        pytest.param(layer("Conv2DTranspose", dilation_rate=2), id="no window"),
    ],
)
def test_kernels_that_tfjs_takes(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("class_name", "name", "config"),
    [
        ("DepthwiseConv2D", "depthwise_kernel", {"strides": 2}),
        ("SeparableConv2D", "depthwise_kernel", {"strides": [3, 3]}),
        ("Conv2DTranspose", "kernel", {}),
    ],
)
def test_zeros_come_between_the_values(class_name: str, name: str, config: dict[str, Any]) -> None:
    others = (weight("pointwise_kernel", (1, 1, 1, 4)), weight("bias", (4,)))
    before = conv(class_name, dilation_rate=[2, 3], **config)
    before = replace(before, weights=(weight(name, (2, 2, 1, 1)), *others))
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.config == {**config, "kernel_size": [3, 4], "dilation_rate": [1, 1]}
    kernel, *rest = result.layer.weights
    assert (kernel.name, tuple(rest)) == (name, others)
    assert computed(kernel, [[[[1]], [[2]]], [[[3]], [[4]]]]).reshape(3, 4).tolist() == [
        [1, 0, 0, 2],
        [0, 0, 0, 0],
        [3, 0, 0, 4],
    ]
    assert result.notes == (Note(WARNING, "a", NoteKind.TRAINING),)


def test_one_axis() -> None:
    before = conv("SeparableConv1D", strides=2, dilation_rate=[2])
    before = replace(before, weights=(weight("depthwise_kernel", (2, 1, 1)),))
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.config["kernel_size"] == [3]
    assert computed(result.layer.weights[0], [[[1]], [[2]]]).ravel().tolist() == [1, 0, 2]
