from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import KERAS3, layer, weight
from tests.rules.spatial import computed
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.dilated_depthwise import LEARNS_MIXING, rewrite

KERNEL, BIAS = weight("depthwise_kernel", (3, 3, 2, 2)), weight("bias", (4,))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D", dilation_rate=2), id="other class"),
        pytest.param(layer("DepthwiseConv2D"), id="no word of it"),
        pytest.param(layer("DepthwiseConv2D", dilation_rate=1), id="number"),
        pytest.param(layer("DepthwiseConv2D", dilation_rate=[1, 1]), id="list"),
        pytest.param(layer("DepthwiseConv2D", dilation_rate=[2, 2]), id="no kernel"),
    ],
)
def test_no_dilation(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("rate", [2, [1, 2]])
def test_channels_stay_what_they_are(rate: object) -> None:
    before = layer("DepthwiseConv2D", dilation_rate=rate, depth_multiplier=2, groups=1)
    result = rewrite(replace(before, weights=(KERNEL, BIAS)), KERAS3)
    assert isinstance(result, Rewrite)
    assert result.layer.class_name == "SeparableConv2D"
    assert result.layer.config == {"dilation_rate": rate, "depth_multiplier": 2, "filters": 4}
    kernel, pointwise, bias = result.layer.weights
    assert (kernel, pointwise.name, bias) == (KERNEL, "pointwise_kernel", BIAS)
    assert result.notes == (Note(LEARNS_MIXING, "a", NoteKind.TRAINING),)
    assert (computed(pointwise) == np.eye(4).reshape(1, 1, 4, 4)).all()
