from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.rules.prelu import rewrite

IMAGE = shaped((None, 2, 3, 4))


def prelu(shared: object, alpha: tuple[int, ...], name: str = "PReLU") -> Layer:
    before = layer(name, shared_axes=shared)
    return replace(before, weights=(weight("alpha", alpha),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(prelu([2], (2, 1, 4), "ReLU"), id="other class"),
        pytest.param(prelu(None, (2, 3, 4)), id="none shared"),
        pytest.param(prelu([1], (1, 3, 4)), id="first axis"),
        pytest.param(prelu([2, 1], (1, 1, 4)), id="first axes"),
        pytest.param(prelu([1, 2, 3], (1, 1, 1)), id="all axes"),
        pytest.param(prelu([0], (2, 3, 4)), id="batch axis"),
        pytest.param(prelu("2", (2, 1, 4)), id="no axes"),
        pytest.param(prelu([2], (3, 4)), id="weight of another rank"),
        pytest.param(layer("PReLU", shared_axes=[2]), id="no weight"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, IMAGE) is None


@pytest.mark.parametrize(
    ("shared", "alpha", "there", "back", "moved"),
    [
        pytest.param([2], [[[1]], [[2]]], [2, 1, 3], [2, 1, 3], [[[1], [2]]], id="middle"),
        pytest.param([2, 3], [[[1]], [[2]]], [2, 3, 1], [3, 1, 2], [[[1, 2]]], id="last two"),
        pytest.param([1, 3], [[[1], [2]]], [1, 3, 2], [1, 3, 2], [[[1, 2]]], id="outer"),
    ],
)
def test_shared_axes_come_first(
    shared: list[int], alpha: list[object], there: list[int], back: list[int], moved: list[object]
) -> None:
    shape = np.array(alpha).shape
    found = rewrite(prelu(shared, shape), IMAGE)
    assert outline(found) == [("a__there", "Permute"), ("a", "PReLU"), ("a__back", "Permute")]
    assert fields(found, "a__there", "dims") == (there,)
    assert fields(found, "a__back", "dims") == (back,)
    assert fields(found, "a", "shared_axes") == (list(range(1, len(shared) + 1)),)
    assert values(found, "a", "alpha", [1, 2]) == moved
