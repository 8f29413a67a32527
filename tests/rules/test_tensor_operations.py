from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import layer, refused, shaped
from tests.rules.numbers import X, Y, draw, op, run
from tfjs_serve.graph import Call, Layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.tensor_operations import rewrite

SHAPES = shaped((None, 3, 4), (None, 1, 4))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Add"), id="layer"),
        pytest.param(op("Add", X, 2.0), id="constant"),
        pytest.param(op("Power", X, Y), id="another operation"),
        pytest.param(replace(op("Add", X), calls=(Call((X,), {"y": Y}),)), id="named tensor"),
    ],
)
def test_nothing_to_merge(before: Layer) -> None:
    assert rewrite(before, SHAPES) is None


@pytest.mark.parametrize(
    ("before", "class_name"),
    [
        (op("Add", X, Y), "Add"),
        (op("AddN", (X, Y)), "Add"),
        (op("Subtract", X, Y), "Subtract"),
        (op("Maximum", X, Y), "Maximum"),
    ],
)
def test_two_tensors_are_merged(before: Layer, class_name: str) -> None:
    assert rewrite(before, SHAPES) == Rewrite(Layer("a", class_name, {}, (Call(((X, Y),)),)))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Add", lambda x: 2 * x),
        ("Subtract", lambda x: 0 * x),
        ("Multiply", lambda x: x * x),
        ("Maximum", lambda x: x),
    ],
)
def test_a_tensor_with_itself_comes_once(name: str, expected: Any) -> None:
    x = draw(3)
    (found,) = run(rewrite, op(name, X, X), x)
    np.testing.assert_allclose(found, expected(x), rtol=1e-6)


def test_other_ranks_are_refused() -> None:
    before = op("Add", X, Y)
    why = "not supported yet: tensors of shapes (None, 3, 4), (None, 4)"
    assert rewrite(before, shaped((None, 3, 4), (None, 4))) == refused(before, why)
