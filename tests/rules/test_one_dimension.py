from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS3, layer, shaped, weight
from tests.rules.spatial import computed, steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.one_dimension import rewrite

SHAPE = shaped((None, 8, 2))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Conv1D", kernel_size=3), SHAPE, id="other class"),
        pytest.param(layer("ZeroPadding1D", padding=1), KERAS3, id="no shape"),
        pytest.param(layer("ZeroPadding1D", padding=1), shaped(None), id="hidden shape"),
        pytest.param(layer("ZeroPadding1D", padding=1), shaped((None, 8, None)), id="channels"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_kernels_get_an_axis() -> None:
    before = layer("SeparableConv1D", filters=3, kernel_size=[4], strides=2, padding="same")
    weights = (weight("depthwise_kernel", (4, 2, 1)), weight("bias", (3,)))
    result = rewrite(replace(before, weights=weights), SHAPE)
    assert steps(result, "target_shape", "kernel_size", "strides", "padding") == [
        ("a__plane", "Reshape", {"target_shape": [-1, 1, 2]}),
        ("a", "SeparableConv2D", {"kernel_size": [4, 1], "strides": [2, 1], "padding": "same"}),
        ("a__line", "Reshape", {"target_shape": [-1, 3]}),
    ]
    assert isinstance(result, Lowering)
    kernel, bias = result.layers[1].weights
    values = np.arange(8).reshape(4, 2, 1)
    assert (computed(kernel, values) == values.reshape(4, 1, 2, 1)).all()
    assert bias == weights[1]


def test_a_depthwise_convolution_multiplies_channels() -> None:
    result = rewrite(layer("DepthwiseConv1D", kernel_size=3, depth_multiplier=3), SHAPE)
    assert steps(result, "target_shape")[-1] == ("a__line", "Reshape", {"target_shape": [-1, 6]})


@pytest.mark.parametrize(
    ("class_name", "before", "after"),
    [
        ("ZeroPadding1D", {"padding": 1}, {"padding": [[1, 1], [0, 0]]}),
        ("ZeroPadding1D", {"padding": [1, 2]}, {"padding": [[1, 2], [0, 0]]}),
        ("Cropping1D", {"cropping": [0, 2]}, {"cropping": [[0, 2], [0, 0]]}),
        ("UpSampling1D", {"size": 3}, {"size": [3, 1]}),
    ],
)
def test_the_last_reshape_keeps_the_name(
    class_name: str, before: dict[str, Any], after: dict[str, Any]
) -> None:
    assert steps(rewrite(layer(class_name, **before), SHAPE), *before, "target_shape") == [
        ("a__plane", "Reshape", {"target_shape": [-1, 1, 2]}),
        ("a__inner", class_name.replace("1D", "2D"), after),
        ("a", "Reshape", {"target_shape": [-1, 2]}),
    ]
