from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.layer_normalization import rewrite

RANK_5 = shaped((None, 2, 1, 2, 3))


def norm(axis: object, *gamma: int) -> Layer:
    before = layer("LayerNormalization", axis=axis)
    return replace(before, weights=(weight("gamma", gamma),) if gamma else ())


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("BatchNormalization", axis=1), RANK_5, id="other class"),
        pytest.param(norm(1), shaped(None), id="hidden shape"),
        pytest.param(norm([1, 2]), shaped((None, 2, 3, 4)), id="rank 4"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize("axis", [0, [1, 0], [1, 1], [1, -4]])
def test_axes_that_keras_does_not_normalize(axis: object) -> None:
    with pytest.raises(ShapeError):
        rewrite(norm(axis), RANK_5)


@pytest.mark.parametrize("axis", [[3, 4], [4, 3], [-2, -1], [-1, 3]], ids=str)
def test_the_last_axes_are_joined(axis: object) -> None:
    found = rewrite(norm(axis, 2, 3), RANK_5)
    assert outline(found) == [
        ("a__join", "Reshape"),
        ("a", "LayerNormalization"),
        ("a__part", "Reshape"),
    ]
    assert fields(found, "a__join", "target_shape") == ([2, 6],)
    assert fields(found, "a", "axis") == (2,)
    gamma = [[1, 2, 3], [4, 5, 6]]
    assert values(found, "a", "gamma", gamma) == [1, 2, 3, 4, 5, 6]


def test_other_axes_move_to_the_end_and_back() -> None:
    found = rewrite(norm(1), RANK_5)
    assert outline(found) == [
        ("a__there", "Permute"),
        ("a__join", "Reshape"),
        ("a__normalize", "LayerNormalization"),
        ("a__part", "Reshape"),
        ("a", "Permute"),
    ]
    assert fields(found, "a__there", "dims") == ([2, 3, 4, 1],)
    assert fields(found, "a", "dims") == ([4, 1, 2, 3],)
