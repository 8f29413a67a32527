from __future__ import annotations

import pytest

from tests.models import KERAS3, layer, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.batch_normalization import rewrite

FIRST = layer("BatchNormalization", axis=1)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization", axis=1), shaped((None, 3, 4)), id="other class"),
        pytest.param(FIRST, KERAS3, id="no shape"),
        pytest.param(FIRST, shaped(None), id="hidden shape"),
        pytest.param(FIRST, shaped((None, 3)), id="last axis"),
        pytest.param(layer("BatchNormalization"), shaped((None, 2, 3, 4)), id="rank 4"),
        pytest.param(layer("BatchNormalization", axis=0), shaped((None, 3)), id="batch axis"),
        pytest.param(layer("BatchNormalization", axis=[1, 2]), shaped((2, 3, 4)), id="two axes"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_another_axis_moves_to_the_end_and_back() -> None:
    found = rewrite(FIRST, shaped((None, 2, 3, 4)))
    assert outline(found) == [
        ("a__there", "Permute"),
        ("a", "BatchNormalization"),
        ("a__back", "Permute"),
    ]
    assert fields(found, "a__there", "dims") == ([2, 3, 1],)
    assert fields(found, "a", "axis") == (3,)
    assert fields(found, "a__back", "dims") == ([3, 1, 2],)


def test_rank_5_is_joined() -> None:
    found = rewrite(layer("BatchNormalization", axis=-1), shaped((None, None, 2, 3, 4)))
    assert outline(found) == [
        ("a__join", "Reshape"),
        ("a", "BatchNormalization"),
        ("a__part", "Reshape"),
    ]
    assert fields(found, "a__join", "target_shape") == ([-1, 4],)
    assert fields(found, "a", "axis") == (2,)
    assert fields(found, "a__part", "target_shape") == ([-1, 2, 3, 4],)
