from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.rms_normalization import rewrite

SHAPE = shaped((None, 3, 2))


def norm(axis: object = -1, epsilon: float | None = 0.1) -> Layer:
    before = layer("RMSNormalization", axis=axis, epsilon=epsilon)
    return replace(before, weights=(weight("scale", (2,)),))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization"), SHAPE, id="other class"),
        pytest.param(layer("RMSNormalization"), SHAPE, id="no weights"),
        pytest.param(norm(), shaped(None), id="hidden shape"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize("axis", [0, 1, 3, [2, 1], []])
def test_axes_that_keras_scales_otherwise(axis: object) -> None:
    with pytest.raises(ShapeError):
        rewrite(norm(axis), SHAPE)


@pytest.mark.parametrize(("epsilon", "expected"), [(0.1, 0.1), (None, 1e-7)])
def test_a_tensor_beside_its_negative(epsilon: float | None, expected: float) -> None:
    found = rewrite(norm(epsilon=epsilon), SHAPE)
    assert [class_name for _, class_name in outline(found)] == [
        "Reshape",
        "Rescaling",
        "Concatenate",
        "LayerNormalization",
        "Cropping2D",
        "Reshape",
    ]
    assert fields(found, "a", "axis", "epsilon") == ([2, 3], expected)
    assert values(found, "a", "gamma", [5, 6]) == [[5, 0], [6, 0]]
