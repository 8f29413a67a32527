from __future__ import annotations

import numpy as np
import pytest

from tests.models import KERAS3, layer, refused, shaped
from tests.rules.spatial import computed, steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.interpolation import rewrite

SHAPE = shaped((None, 2, 3, 4))
BILINEAR = layer("UpSampling2D", size=[2, 1], interpolation="bilinear")


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Resizing", interpolation="bilinear"), SHAPE, id="other class"),
        pytest.param(layer("UpSampling2D", size=[2, 2]), SHAPE, id="no word of it"),
        pytest.param(layer("UpSampling2D", interpolation="nearest"), SHAPE, id="nearest"),
        pytest.param(BILINEAR, KERAS3, id="no shape"),
        pytest.param(BILINEAR, shaped(None), id="hidden shape"),
    ],
)
def test_nothing_to_interpolate(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_an_unknown_length_is_refused() -> None:
    before = layer("UpSampling2D", size=[2, 1], interpolation="bicubic")
    why = "not supported yet: bicubic upsampling of an axis of unknown length"
    assert rewrite(before, shaped((None, None, 3, 4))) == refused(before, why)


def test_the_companion_module_interpolates_between_two_at_any_length() -> None:
    result = rewrite(BILINEAR, shaped((None, None, 3, 4)))
    assert steps(result, "factors", "method") == [
        ("a", "TfjsServeResize", {"factors": [2, 1], "method": "bilinear"})
    ]


def test_an_unknown_method_is_refused() -> None:
    before = layer("UpSampling2D", size=[2, 1], interpolation="magic")
    assert rewrite(before, SHAPE) == refused(before, "not supported yet: interpolation = 'magic'")


def test_an_axis_is_multiplied_by_its_weights() -> None:
    result = rewrite(BILINEAR, SHAPE)
    assert steps(result, "dims", "units", "use_bias", "trainable") == [
        ("a__permute_1", "Permute", {"dims": [2, 3, 1], "trainable": True}),
        ("a__axis_1", "Dense", {"units": 4, "use_bias": False, "trainable": False}),
        ("a", "Permute", {"dims": [3, 1, 2], "trainable": True}),
    ]
    assert isinstance(result, Lowering)
    weights = [[1, 0.75, 0.25, 0], [0, 0.25, 0.75, 1]]
    assert (computed(result.layers[1].weights[0]) == np.array(weights)).all()
