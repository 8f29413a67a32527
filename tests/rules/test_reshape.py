from __future__ import annotations

import pytest

from tests.models import KERAS3, layer, shaped
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.reshape import rewrite

SHAPE = shaped((None, 3, 4))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Permute", target_shape=[-1]), SHAPE, id="other class"),
        pytest.param(layer("Reshape", target_shape=[2, 6]), SHAPE, id="all lengths written"),
        pytest.param(layer("Reshape", target_shape=[-1]), KERAS3, id="no shape"),
        pytest.param(layer("Reshape", target_shape=[-1]), shaped(None), id="hidden shape"),
        pytest.param(layer("Reshape", target_shape=[-1]), shaped((None, None, 4)), id="unknown"),
        pytest.param(layer("Reshape", target_shape=[-1, 5]), SHAPE, id="does not divide"),
        pytest.param(layer("Reshape", target_shape=[-1, -1]), SHAPE, id="two unknown"),
        pytest.param(layer("Reshape", target_shape=[-1, 0]), SHAPE, id="empty"),
        pytest.param(layer("Reshape", target_shape="flat"), SHAPE, id="no list"),
    ],
)
def test_nothing_to_write_out(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("target", "filled"),
    [([-1], [12]), ([-1, 2], [6, 2]), ([3, None], [3, 4]), ((2, -1, 3), [2, 2, 3])],
    ids=str,
)
def test_the_length_that_is_left_is_written_out(target: object, filled: list[int]) -> None:
    before = layer("Reshape", trainable=True, target_shape=target)
    after = layer("Reshape", trainable=True, target_shape=filled)
    assert rewrite(before, SHAPE) == Rewrite(after)
