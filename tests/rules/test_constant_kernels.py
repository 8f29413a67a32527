from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, op, seen
from tfjs_serve.graph import Call, Computed, Layer, Value
from tfjs_serve.rewriting.rule import Refusal, Rewrite
from tfjs_serve.rules.constant_kernels import rewrite

IMAGE = (None, 6, 8, 2)


def kernel(*shape: int) -> Value:
    """Return nested numbers, all different."""

    def nested(value: Any) -> Value:
        return tuple(map(nested, value)) if isinstance(value, list) else float(value)

    return nested(np.arange(np.prod(shape)).reshape(shape).tolist())


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D"), id="a layer"),
        pytest.param(op("Add", X, kernel(2)), id="another operation"),
        pytest.param(op("Conv", X, Y), id="a kernel that is computed"),
        pytest.param(op("Conv", kernel(1, 2, 2, 1), X), id="a constant image"),
    ],
)
def test_no_constant_kernel(before: Layer) -> None:
    assert rewrite(before, seen(before, IMAGE, IMAGE)) is None


PLAIN = {"padding": "valid", "data_format": "channels_last", "activation": "linear"}
FROZEN = {"use_bias": False, "trainable": False}


@pytest.mark.parametrize(
    ("shape", "before", "class_name", "role", "config"),
    [
        pytest.param(
            (3, 2, 2, 4),
            {"strides": 2, "dilation_rate": 1, "data_format": None},
            "Conv2D",
            "kernel",
            {"kernel_size": [3, 2], "strides": [2, 2], "dilation_rate": [1, 1], "filters": 4},
            id="Conv",
        ),
        pytest.param(
            (3, 2, 2, 4),
            {"strides": (1, 2, 3, 1), "dilation_rate": (2,), "data_format": "NHWC"},
            "Conv2D",
            "kernel",
            {"kernel_size": [3, 2], "strides": [2, 3], "dilation_rate": [2, 2], "filters": 4},
            id="Conv of TensorFlow",
        ),
        pytest.param(
            (3, 2, 2, 3),
            {},
            "DepthwiseConv2D",
            "depthwise_kernel",
            {
                **{"kernel_size": [3, 2], "strides": [1, 1], "dilation_rate": [1, 1]},
                "depth_multiplier": 3,
            },
            id="DepthwiseConv",
        ),
    ],
)
def test_the_layer_that_does_the_same(
    shape: tuple[int, ...],
    before: dict[str, Any],
    class_name: str,
    role: str,
    config: dict[str, Any],
) -> None:
    given = op(class_name.removesuffix("2D"), X, kernel(*shape), **before)
    found = rewrite(given, seen(given, IMAGE))
    assert isinstance(found, Rewrite)
    assert (found.layer.class_name, found.layer.calls) == (class_name, (Call((X,)),))
    assert found.layer.config == {**PLAIN, **config, **FROZEN}
    (weight,) = found.layer.weights
    assert isinstance(weight.values, Computed)
    np.testing.assert_array_equal(weight.values.compute(), kernel(*shape))
    assert (weight.name, weight.shape) == (role, shape)


@pytest.mark.parametrize(
    ("shape", "fields"),
    [
        pytest.param((3, 2, 1, 4), {}, id="groups"),
        pytest.param((3, 2, 2), {}, id="fewer axes"),
        pytest.param((3, 2, 2, 4), {"padding": ((0, 0), (1, 1))}, id="padding"),
        pytest.param((3, 2, 2, 4), {"data_format": "NCHW"}, id="channels first"),
        pytest.param((3, 2, 2, 4), {"strides": (2, 1, 1, 1)}, id="batch strides"),
        pytest.param((3, 2, 2, 4), {"strides": (1, 2, 3)}, id="three strides"),
        pytest.param((3, 2, 2, 4), {"dilation_rate": 1.5}, id="half a rate"),
    ],
)
def test_what_is_refused(shape: tuple[int, ...], fields: dict[str, Any]) -> None:
    before = op("Conv", X, kernel(*shape), **fields)
    found = rewrite(before, seen(before, IMAGE))
    assert isinstance(found, Refusal)
    assert found.reasons[0].why.startswith(f"not supported yet: Conv of an input {IMAGE}")
