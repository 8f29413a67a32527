from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.normalization import rewrite

VECTOR = shaped((None, 2))
FIXED: dict[str, Any] = {"mean": [1.0, 2.0], "variance": [4.0, 0.25]}


def adapted(axis: object = -1, *shape: int, invert: bool = False) -> Layer:
    before = layer("Normalization", axis=axis, mean=None, variance=None, invert=invert)
    weights = (weight("mean", shape), weight("variance", shape), weight("count", ()))
    return replace(before, weights=weights)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization"), VECTOR, id="other class"),
        pytest.param(layer("Normalization", axis=-1), VECTOR, id="no statistics"),
        pytest.param(adapted(-1, 2), shaped(None), id="hidden shape"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("axis", "shape"),
    [(0, (None, 2)), (2, (None, 2)), ([1, -1], (None, 2)), (1, (None, None, 2))],
)
def test_axes_that_cannot_be_normalized(axis: object, shape: tuple[int | None, ...]) -> None:
    with pytest.raises(ShapeError):
        rewrite(layer("Normalization", axis=axis, **FIXED), shaped(shape))


def test_constants_are_rescalings() -> None:
    found = rewrite(layer("Normalization", axis=-1, **FIXED), VECTOR)
    assert outline(found) == [("a__shift", "Rescaling"), ("a", "Rescaling")]
    assert fields(found, "a__shift", "scale", "offset") == (1.0, [-1.0, -2.0])
    assert fields(found, "a", "scale", "offset") == ([0.5, 2.0], 0.0)


def test_the_inverse_of_constants() -> None:
    found = rewrite(layer("Normalization", axis=-1, invert=True, **FIXED), VECTOR)
    assert outline(found) == [("a", "Rescaling")]
    assert fields(found, "a", "scale", "offset") == ([2.0, 0.5], [1.0, 2.0])


def test_constants_of_another_axis_are_laid_out() -> None:
    found = rewrite(layer("Normalization", axis=1, **FIXED), shaped((None, 2, 3)))
    assert fields(found, "a__shift", "offset") == ([[-1.0], [-2.0]],)


def test_no_deviation_is_below_the_epsilon() -> None:
    before = layer("Normalization", axis=None, mean=0.0, variance=0.0)
    (scale,) = fields(rewrite(before, VECTOR), "a", "scale")
    assert scale == pytest.approx(1e7)


def test_weights_are_frozen_convolutions() -> None:
    found = rewrite(adapted(-1, 2), shaped((None, None, 2)))
    assert [class_name for _, class_name in outline(found)] == [
        "Reshape",
        "DepthwiseConv2D",
        "Reshape",
        "Reshape",
        "DepthwiseConv2D",
        "Reshape",
    ]
    assert fields(found, "a__shift", "trainable") + fields(found, "a", "trainable") == (False,) * 2
    assert values(found, "a__shift", "bias", [3, 4]) == [-3, -4]
    assert values(found, "a", "depthwise_kernel", [4, 0.25]) == [[[[0.5], [2]]]]


def test_the_inverse_of_weights() -> None:
    found = rewrite(adapted(-1, 2, invert=True), shaped((None, 3, 3, 2)))
    assert outline(found) == [("a", "DepthwiseConv2D")]
    assert values(found, "a", "depthwise_kernel", [4, 0.25]) == [[[[2], [0.5]]]]
    assert values(found, "a", "bias", [3, 4]) == [3, 4]


def test_weights_of_another_axis_are_laid_out() -> None:
    found = rewrite(adapted(1, 2), shaped((None, 2, 3)))
    assert outline(found)[0] == ("a__view", "Reshape")
    assert fields(found, "a__view", "target_shape") == ([1, 1, 6],)
    assert values(found, "a__shift", "bias", [3, 4]) == [-3, -3, -3, -4, -4, -4]


def test_one_mean_for_everything() -> None:
    found = rewrite(adapted(None), shaped((None, None, 3)))
    assert fields(found, "a__view", "target_shape") == ([-1, 1, 1],)
    assert values(found, "a__shift", "bias", 3) == [-3]
