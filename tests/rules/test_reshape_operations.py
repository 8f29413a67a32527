from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped
from tests.rules.numbers import X, Y, assert_values, draw, op, run, seen
from tfjs_serve.graph import Call, Layer, Shape, UnknownLength, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.asked import OWN_LENGTH
from tfjs_serve.rewriting.rule import Lowering, Rewrite
from tfjs_serve.rules.reshape_operations import rewrite


@pytest.mark.parametrize(
    "before",
    [
        layer("Reshape"),
        op("Reshape", X, Y, newshape=[-1, 12]),
        op("Ravel", X),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("before", "expected"),
    [
        (op("Reshape", X, newshape=[-1, 12]), lambda x: x.reshape(2, 12)),
        (op("Reshape", X, newshape=[-1, 2, 6]), lambda x: x.reshape(2, 2, 6)),
        (op("Reshape", X, newshape=[None, -1, 2]), lambda x: x.reshape(2, 6, 2)),
        (op("Transpose", X, axes=[0, 2, 1]), lambda x: x.swapaxes(1, 2)),
        (op("Swapaxes", X, axis1=1, axis2=-1), lambda x: x.swapaxes(1, 2)),
        (op("Moveaxis", X, source=2, destination=1), lambda x: np.moveaxis(x, 2, 1)),
        (op("ExpandDims", X, axis=1), lambda x: x[:, None]),
        (op("ExpandDims", X, axis=-1), lambda x: x[..., None]),
    ],
)
def test_values(before: Layer, expected: Any) -> None:
    assert_values(rewrite, before, expected, draw(3, 4))


@pytest.mark.parametrize(
    "before",
    [
        op("Reshape", X, newshape=[-1, 6]),
        op("Reshape", X, newshape=[12, -1]),
        op("Reshape", X, newshape=[-1, 3, -1]),
        op("Transpose", X, axes=[1, 0, 2]),
        op("Transpose", X, axes=None),
        op("ExpandDims", X, axis=0),
        op("Squeeze", X, axis=1),
        op("Squeeze", X, axis=None),
        op("Swapaxes", X, axis1=0, axis2=1),
    ],
)
def test_refused(before: Layer) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, seen(before, (None, 3, 4)))


def test_copies() -> None:
    result = rewrite(op("StopGradient", X), shaped((None, 3)))
    assert result == Rewrite(Layer("a", "Activation", {"activation": "linear"}, (Call((X,)),)))


@pytest.mark.parametrize("dtype", ["float32", "int32", "bool"])
def test_a_copy_of_another_dtype_is_a_cast(dtype: str) -> None:
    before = op("ConvertToTensor", X, dtype=dtype)
    assert rewrite(before, shaped((None, 3))) == Rewrite(op("Cast", X, dtype=dtype))


def test_a_copy_of_its_own_dtype_is_one() -> None:
    result = rewrite(op("ConvertToTensor", X, dtype=None), shaped((None, 3)))
    assert result == Rewrite(Layer("a", "Activation", {"activation": "linear"}, (Call((X,)),)))


def test_an_axis_of_one_goes() -> None:
    x = draw(3, 1)
    (found,) = run(rewrite, op("Squeeze", X, axis=[2]), x)
    np.testing.assert_array_equal(found, x[:, :, 0])


SOME, BATCH = UnknownLength(), UnknownLength(is_batch=True)


@pytest.mark.parametrize(
    "target",
    [
        pytest.param((-1, SOME, 2, 4), id="own length"),
        pytest.param((BATCH, SOME, 2, 4), id="the batch"),
    ],
)
def test_beside_its_own_length(target: tuple[Value, ...]) -> None:
    before = op("Reshape", X, newshape=target, **{OWN_LENGTH: True})
    lowering = rewrite(before, seen(before, (None, None, 8)))
    assert isinstance(lowering, Lowering)
    assert lowering.layers[-1].config["target_shape"] == [-1, 2, 4]


@pytest.mark.parametrize(
    ("target", "is_own", "shape"),
    [
        pytest.param((-1, SOME, 2, 4), False, (None, None, 8), id="any length"),
        pytest.param((-1, SOME, 2, 2), True, (None, None, 8), id="half the channels"),
        pytest.param((-1, SOME, SOME, 8), True, (None, None, 8), id="two lengths"),
        pytest.param((-1, SOME, 8), True, (None, None, None, 8), id="two axes in one"),
    ],
)
def test_what_may_be_another_batch_is_refused(
    target: tuple[Value, ...], is_own: bool, shape: Shape
) -> None:
    before = op("Reshape", X, newshape=target, **{OWN_LENGTH: is_own})
    with pytest.raises(ShapeError, match="is not known to keep the batch"):
        rewrite(before, seen(before, shape))
