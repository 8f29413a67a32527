from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer
from tfjs_serve.graph import Layer
from tfjs_serve.rules.regularizers import rewrite


def made(class_name: str, **config: Any) -> dict[str, Any]:
    return {"class_name": class_name, "config": config}


def l1l2(l1: float, l2: float) -> dict[str, Any]:
    return made("L1L2", l1=l1, l2=l2)


def left_out(field: str, name: object) -> str:
    return f"{field} {name} is left out: it matters to training only"


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Flatten"), id="none to have"),
        pytest.param(layer("Dense", kernel_regularizer=None, bias_regularizer=None), id="null"),
        pytest.param(layer("Dense", regularizer="l2"), id="another field"),
        pytest.param(layer("Dense", kernel_regularizer=l1l2(0.0, 0.5)), id="L1L2"),
    ],
)
def test_nothing_to_translate(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param(made("L2", l2=0.5), l1l2(0.0, 0.5), id="L2"),
        pytest.param(made("L1", l1=0.5), l1l2(0.5, 0.0), id="L1"),
        pytest.param(made("L1L2", l1=None, l2=0.5), l1l2(0.0, 0.5), id="null is 0"),
        pytest.param(made("L1L2", l1=1, l2=2, more=3), l1l2(1, 2), id="extra key"),
        pytest.param("l2", l1l2(0.0, 0.01), id="text l2"),
        pytest.param("l1", l1l2(0.01, 0.0), id="text l1"),
        pytest.param("l1_l2", l1l2(0.01, 0.01), id="text l1_l2"),
        pytest.param({"class_name": "L2", "config": None}, l1l2(0.0, 0.01), id="null config"),
        pytest.param({"class_name": "L2"}, l1l2(0.0, 0.01), id="no config"),
        pytest.param({"class_name": "L2", "config": [0.5]}, l1l2(0.0, 0.01), id="odd config"),
    ],
)
def test_others_become_l1l2(value: Any, expected: Any) -> None:
    before = layer("Dense", kernel_regularizer=value, bias_regularizer=None)
    assert rewrite(before, KERAS3) == changed(before, kernel_regularizer=expected)


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param(
            made("OrthogonalRegularizer", factor=0.01), "OrthogonalRegularizer", id="known"
        ),
        pytest.param(made("pkg>L2", l2=0.5), "pkg>L2", id="somebody's own"),
        pytest.param("my_own", "my_own", id="text"),
        pytest.param(made("L2", l2=[0.5]), "L2", id="array"),
        pytest.param(made("L2", l2="0.5"), "L2", id="number as text"),
        pytest.param({"class_name": ["L2"], "config": {}}, ["L2"], id="odd class"),
        pytest.param({"l2": 0.5}, None, id="no class"),
        pytest.param(5, 5, id="number"),
        pytest.param(["l2"], ["l2"], id="list"),
    ],
)
def test_what_tfjs_has_not_is_left_out(value: Any, name: object) -> None:
    before = layer("Dense", kernel_regularizer=value)
    note = left_out("kernel_regularizer", name)
    assert rewrite(before, KERAS3) == changed(before, note, kernel_regularizer=None)


def test_the_regularizer_of_activities_always_goes() -> None:
    before = layer("Dense", kernel_regularizer=made("L2", l2=0.5), activity_regularizer=l1l2(0, 1))
    assert rewrite(before, KERAS3) == changed(
        before,
        left_out("activity_regularizer", "L1L2"),
        kernel_regularizer=l1l2(0.0, 0.5),
        activity_regularizer=None,
    )
