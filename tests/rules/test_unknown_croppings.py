from __future__ import annotations

import numpy as np
import pytest

from tests.models import KERAS3, layer, refused, shaped
from tests.rules.lowered import values
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.unknown_croppings import rewrite

CROP = layer("Cropping2D", cropping=[[1, 0], [2, 1]])


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("ZeroPadding2D"), shaped((None, None, 4, 2)), id="other class"),
        pytest.param(CROP, KERAS3, id="no shape"),
        pytest.param(CROP, shaped(None), id="hidden shape"),
        pytest.param(CROP, shaped((None, 4, 4, 2)), id="known lengths"),
        pytest.param(CROP, shaped((None, 4, 4, None)), id="unknown channels alone"),
    ],
)
def test_tfjs_knows_what_is_left(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_an_unknown_number_of_channels() -> None:
    why = "not supported yet: needs a known number of channels, got (None, None, 4, None)"
    assert rewrite(CROP, shaped((None, None, 4, None))) == refused(CROP, why)


@pytest.mark.parametrize(
    ("data_format", "shape"),
    [("channels_last", (None, None, 4, 2)), ("channels_first", (None, 2, 4, None))],
)
def test_a_window_picks_what_stays(data_format: str, shape: Shape) -> None:
    before = layer("Cropping2D", cropping=[[1, 0], [2, 1]], data_format=data_format)
    result = rewrite(before, shaped(shape))
    fields = {"kernel_size": [2, 4], "data_format": data_format, "trainable": False}
    assert steps(result, *fields) == [("a", "DepthwiseConv2D", fields)]
    kernel = np.asarray(values(result, "a", "depthwise_kernel"))
    assert kernel[..., 0].transpose(2, 0, 1).tolist() == [[[0, 0, 0, 0], [0, 0, 1, 0]]] * 2
