from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, on
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.dot_normalize import rewrite


def dot(name: str = "Dot", **config: Any) -> Layer:
    return replace(layer(name, **config), calls=(on("x", "y"),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(dot("Add", axes=1, normalize=True), id="other class"),
        pytest.param(dot(axes=1, normalize=False), id="as it is"),
        pytest.param(dot(axes=1), id="by default"),
        pytest.param(dot(axes="last", normalize=True), id="no axes"),
    ],
)
def test_nothing_to_normalize(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(("axes", "each"), [(1, (1, 1)), ([2, 1], (2, 1))])
def test_both_inputs_are_normalized(axes: Any, each: tuple[int, int]) -> None:
    found = rewrite(dot(axes=axes, normalize=True), KERAS3)
    assert outline(found) == [
        ("a__unit_1", "UnitNormalization"),
        ("a__unit_2", "UnitNormalization"),
        ("a", "Dot"),
    ]
    assert fields(found, "a__unit_1", "axis") + fields(found, "a__unit_2", "axis") == each
    assert fields(found, "a", "axes", "normalize") == (axes, False)
    assert isinstance(found, Lowering)
    assert found.layers[-1].calls == (on("a__unit_1", "a__unit_2"),)
