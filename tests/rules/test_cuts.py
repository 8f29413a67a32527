from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.numbers import X, Y, computed, draw, op, run, seen
from tfjs_serve.graph import Layer, Slice, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.cuts import rewrite

ALL = Slice()


@pytest.mark.parametrize(
    "before",
    [
        layer("Cropping2D"),
        op("GetItem", X),
        op("Split", X, Y, axis=1),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("GetItem", X, (ALL, 1)), lambda x: x[:, 1]),
        (op("GetItem", X, (Slice(0), -1)), lambda x: x[:, -1]),
        (op("GetItem", X, (ALL, Slice(1, 3))), lambda x: x[:, 1:3]),
        (op("GetItem", X, (..., Slice(None, -1))), lambda x: x[..., :-1]),
        (op("GetItem", X, (ALL, Slice(None, None, 2))), lambda x: x[:, ::2]),
        (op("GetItem", X, (ALL, Slice(None, None, -1))), lambda x: x[:, ::-1]),
        (op("GetItem", X, (ALL, None, 2, ..., 0)), lambda x: x[:, None, 2, ..., 0]),
        (op("GetItem", X, (..., None)), lambda x: x[..., None]),
        (op("GetItem", X, ALL), lambda x: x),
        (op("Flip", X, axis=[1, -1]), lambda x: x[:, ::-1, ::-1]),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    x = draw(5, 4)
    (found,) = run(rewrite, before, x)
    wanted = expected(x)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-6)


def test_behind_an_axis_of_unknown_length() -> None:
    before = op("GetItem", X, (..., Slice(1, 3)))
    lowering = rewrite(before, seen(before, (None, None, 4)))
    assert isinstance(lowering, Lowering)
    x = draw(5, 4)
    (found,) = computed(lowering, x)
    np.testing.assert_array_equal(found, x[..., 1:3])


@pytest.mark.parametrize(
    "before",
    [
        op("GetItem", X, 0),
        op("GetItem", X, (Slice(1), 0)),
        op("GetItem", X, (None, 0)),
        op("GetItem", X, (ALL, 5)),
        op("GetItem", X, (ALL, Slice(2, 2))),
        op("GetItem", X, (ALL, X)),
        op("GetItem", X, (ALL, Slice(0, X))),
        op("GetItem", X, (ALL, True)),
        op("GetItem", X, (..., ...)),
        op("Split", X, indices_or_sections=2, axis=1),
        op("Split", X, indices_or_sections=[2, 1], axis=1),
        op("Split", X, indices_or_sections=None, axis=1),
        op("Split", X, indices_or_sections=1, axis=0),
        op("Flip", X, axis=None),
    ],
)
def test_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4)))


def test_pieces() -> None:
    x = draw(5, 4)
    found = run(rewrite, op("Split", X, indices_or_sections=[1, 3], axis=1), x)
    assert [item.tolist() for item in found] == [
        item.tolist() for item in np.split(x, [1, 3], axis=1)
    ]


def test_single_rows() -> None:
    x = draw(3, 2)
    found = run(rewrite, op("Unstack", X, axis=1), x)
    assert [item.tolist() for item in found] == [x[:, i].tolist() for i in range(3)]


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("GetItem", X, (ALL, 0)), lambda x: x[:, 0]),
        (op("GetItem", X, (ALL, 2)), lambda x: x[:, 2]),
        (op("GetItem", X, (ALL, -1)), lambda x: x[:, -1]),
        (op("GetItem", X, (ALL, -3)), lambda x: x[:, -3]),
        (op("GetItem", X, (ALL, Slice(None, 1))), lambda x: x[:, :1]),
        (op("GetItem", X, (ALL, Slice(-1))), lambda x: x[:, -1:]),
        (op("GetItem", X, (ALL, Slice(1))), lambda x: x[:, 1:]),
        (op("GetItem", X, (ALL, Slice(None, -1))), lambda x: x[:, :-1]),
        (op("GetItem", X, (ALL, Slice(2, -1, 1))), lambda x: x[:, 2:-1]),
        (op("GetItem", X, (ALL, Slice(None, None, -1))), lambda x: x[:, ::-1]),
        (op("GetItem", X, (ALL, -1, None, 2)), lambda x: x[:, -1, None, 2]),
        (op("Flip", X, axis=1), lambda x: x[:, ::-1]),
    ],
)
def test_an_axis_of_unknown_length(before: Layer, expected: Any) -> None:
    x = draw(5, 4)
    lowering = rewrite(before, seen(before, (None, None, 4)))
    assert isinstance(lowering, Lowering)
    (found,) = computed(lowering, x)
    np.testing.assert_array_equal(found, expected(x))


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("GetItem", X, (..., -1, ALL)), lambda x: x[..., -1, :]),
        (op("GetItem", X, (..., Slice(1), ALL)), lambda x: x[..., 1:, :]),
    ],
)
def test_an_axis_of_unknown_length_behind_others(before: Layer, expected: Any) -> None:
    x = draw(2, 5, 3)
    lowering = rewrite(before, seen(before, (None, 2, None, 3)))
    assert isinstance(lowering, Lowering)
    (found,) = computed(lowering, x)
    np.testing.assert_array_equal(found, expected(x))


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (Slice(None, 2), "takes :2 of axis 1 of unknown length, got (None, None, 4)"),
        (Slice(-2), "takes -2: of axis 1 of unknown length, got (None, None, 4)"),
        (Slice(None, 0), "takes :0 of axis 1 of unknown length, got (None, None, 4)"),
        (Slice(None, None, 2), "takes ::2 of axis 1 of unknown length, got (None, None, 4)"),
        (True, "takes True of axis 1 of unknown length, got (None, None, 4)"),
    ],
)
def test_refused_of_an_axis_of_unknown_length(item: Value, why: str) -> None:
    before = op("GetItem", X, (ALL, item))
    with pytest.raises(ShapeError) as refused:
        rewrite(before, seen(before, (None, None, 4)))
    assert str(refused.value) == why


def test_one_axis_of_unknown_length_is_cut() -> None:
    before = op("GetItem", X, (ALL, 0))
    with pytest.raises(ShapeError, match="needs known lengths of all axes but 1"):
        rewrite(before, seen(before, (None, None, None, 4)))
