from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, computed, draw, op, run, seen
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.rearrangements import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Permute"), id="a layer"),
        pytest.param(op("Flip", X, axis=1), id="another operation"),
        pytest.param(op("Take", X, Y, axis=1), id="places that are a tensor"),
    ],
)
def test_nothing_to_rearrange(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 2))) is None


def _blocks(x: Any) -> Any:
    batch, height, width, depth = x.shape
    parts = x.reshape(batch, height, width, 2, 2, depth // 4).transpose(0, 1, 3, 2, 4, 5)
    return parts.reshape(batch, height * 2, width * 2, depth // 4)


def _depths(x: Any) -> Any:
    batch, height, width, depth = x.shape
    parts = x.reshape(batch, height // 2, 2, width // 2, 2, depth).transpose(0, 1, 3, 2, 4, 5)
    return parts.reshape(batch, height // 2, width // 2, depth * 4)


@pytest.mark.parametrize(
    ("before", "expected", "shape"),
    [
        pytest.param(op("Roll", X, shift=1, axis=1), lambda x: np.roll(x, 1, 1), (3, 4), id="Roll"),
        pytest.param(
            op("Roll", X, shift=[-1, 2], axis=[1, 2]),
            lambda x: np.roll(x, (-1, 2), (1, 2)),
            (3, 4),
            id="Roll of two axes",
        ),
        pytest.param(op("Roll", X, shift=3, axis=1), lambda x: x, (3, 4), id="Roll all round"),
        pytest.param(
            op("Take", X, (2, 0, -1), axis=1), lambda x: x[:, [2, 0, -1]], (3, 4), id="Take"
        ),
        pytest.param(op("Take", X, -1, axis=2), lambda x: x[:, :, -1], (3, 4), id="Take one"),
        pytest.param(op("Cumsum", X, axis=1), lambda x: x.cumsum(1), (3, 4), id="Cumsum"),
        pytest.param(
            op("Cumsum", X, axis=1, exclusive=True, reverse=True),
            lambda x: x[:, ::-1].cumsum(1)[:, ::-1] - x,
            (3, 4),
            id="Cumsum from behind",
        ),
        pytest.param(op("Diff", X, n=2, axis=1), lambda x: np.diff(x, 2, 1), (3, 4), id="Diff"),
        pytest.param(op("Tril", X, k=-1), lambda x: np.tril(x, -1), (3, 4), id="Tril"),
        pytest.param(op("Triu", X), np.triu, (3, 4), id="Triu"),
        pytest.param(op("DepthToSpace", X, block_size=2), _blocks, (2, 3, 8), id="DepthToSpace"),
        pytest.param(
            op("DepthToSpace", X, block_size=2, data_format="channels_last"),
            _blocks,
            (2, 3, 8),
            id="DepthToSpace of Keras",
        ),
        pytest.param(op("SpaceToDepth", X, block_size=2), _depths, (2, 4, 3), id="SpaceToDepth"),
    ],
)
def test_values(before: Layer, expected: Any, shape: tuple[int, ...]) -> None:
    x = draw(*shape)
    (found,) = run(rewrite, before, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(op("Roll", X, shift=1, axis=2), id="unknown length"),
        pytest.param(op("Roll", X, shift=(1, 2), axis=1), id="more shifts than axes"),
        pytest.param(op("Roll", X, shift=1, axis=None), id="flattened"),
        pytest.param(op("Take", X, 3, axis=1), id="beyond the end"),
        pytest.param(op("Take", X, (), axis=1), id="nothing"),
        pytest.param(op("Take", X, 0, axis=1, batch_dims=1), id="for each of the batch"),
        pytest.param(op("Tril", X), id="triangle of unknown size"),
        pytest.param(op("DepthToSpace", X, block_size=2), id="no image"),
    ],
)
def test_what_cannot_be_placed_is_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, None)))


@pytest.mark.parametrize("fields", [{"block_size": 0}, {"block_size": 2, "data_format": "NCHW"}])
def test_blocks_must_be_known(fields: dict[str, Any]) -> None:
    before = op("SpaceToDepth", X, **fields)
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 4, 4, 4)))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Cumsum", X, axis=1), lambda x: x.cumsum(1)),
        (op("Cumsum", X, axis=1, reverse=True), lambda x: x[:, ::-1].cumsum(1)[:, ::-1]),
        (op("Diff", X, axis=1), lambda x: np.diff(x, axis=1)),
        (op("Diff", X, axis=1, n=2), lambda x: np.diff(x, 2, axis=1)),
    ],
)
def test_along_an_axis_of_unknown_length(before: Layer, expected: Any) -> None:
    x = draw(5, 4)
    lowering = rewrite(before, seen(before, (None, None, 4)))
    assert isinstance(lowering, Lowering)
    (found,) = computed(lowering, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_sums_of_what_came_before_need_a_known_length() -> None:
    before = op("Cumsum", X, axis=1, exclusive=True)
    with pytest.raises(ShapeError, match="needs a known length of axis 1"):
        rewrite(before, seen(before, (None, None, 4)))
