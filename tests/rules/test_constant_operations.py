from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped
from tests.rules.numbers import X, Y, draw, op, run
from tfjs_serve.graph import Layer, Value
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rules.constant_operations import rewrite

ROW = (0.5, -1.5, 2.0, 0.25)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Add"), id="layer"),
        pytest.param(op("Add", X, Y), id="two tensors"),
        pytest.param(op("Maximum", X, 2.0), id="another operation"),
        pytest.param(op("TrueDivide", 1.0, X), id="over a tensor"),
        pytest.param(op("TrueDivide", X, 0.0), id="by zero"),
        pytest.param(op("Add", X, "a"), id="text"),
        pytest.param(op("Add", X, True), id="truth value"),
        pytest.param(op("Add", X, ((1.0,), (1.0, 2.0))), id="ragged"),
    ],
)
def test_nothing_to_scale(before: Layer) -> None:
    assert rewrite(before, shaped((None, 3, 4), (None, 3, 4))) is None


@pytest.mark.parametrize(
    ("name", "args", "expected"),
    [
        ("Add", (X, 1.5), lambda x: x + 1.5),
        ("Add", (2, X), lambda x: x + 2),
        ("Subtract", (X, 1.5), lambda x: x - 1.5),
        ("Subtract", (1.5, X), lambda x: 1.5 - x),
        ("Subtract", (ROW, X), lambda x: np.array(ROW) - x),
        ("Multiply", (X, ROW), lambda x: x * np.array(ROW)),
        ("TrueDivide", (X, ROW), lambda x: x / np.array(ROW)),
        ("Divide", (X, 6), lambda x: x / 6),
        ("Negative", (X,), lambda x: -x),
    ],
)
def test_a_constant_is_a_scale_or_an_offset(
    name: str, args: tuple[Value, ...], expected: Any
) -> None:
    x = draw(3, 4)
    (found,) = run(rewrite, op(name, *args), x)
    np.testing.assert_allclose(found, expected(x), rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(
    "constant",
    [
        pytest.param(((((1.0,) * 4,),) * 3), id="a batch of 3"),
        pytest.param((1.0,) * 5, id="another length"),
        pytest.param(((((1.0,),),),), id="a higher rank"),
    ],
)
def test_constants_that_change_the_shape_are_refused(constant: Value) -> None:
    with pytest.raises(ShapeError):
        rewrite(op("Add", X, constant), shaped((None, 1, 4)))
