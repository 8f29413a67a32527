from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, layer, on, refused, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.softmax import rewrite

SHAPE: Shape = (None, 2, 3, 4)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Activation"), shaped(SHAPE), id="other class"),
        pytest.param(layer("Softmax", axis=1), KERAS3, id="no shape"),
        pytest.param(layer("Softmax", axis=1), shaped(None), id="hidden shape"),
        pytest.param(layer("Softmax", axis=0), shaped(SHAPE), id="batch axis"),
        pytest.param(layer("Softmax", axis=4), shaped(SHAPE), id="no such axis"),
        pytest.param(layer("Softmax", axis="last"), shaped(SHAPE), id="no number"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize("axis", [-1, 3, [3], [-1]])
def test_the_last_axis(axis: object) -> None:
    found = rewrite(layer("Softmax", axis=axis), shaped(SHAPE))
    assert outline(found) == [("a", "Activation")]
    assert fields(found, "a", "activation") == ("softmax",)


def test_another_axis_moves_to_the_end_and_back() -> None:
    found = rewrite(layer("Softmax", axis=1), shaped(SHAPE))
    assert outline(found) == [
        ("a__there", "Permute"),
        ("a__softmax", "Activation"),
        ("a", "Permute"),
    ]
    assert fields(found, "a__there", "dims") == ([2, 3, 1],)
    assert fields(found, "a", "dims") == ([3, 1, 2],)


def test_several_axes_become_one() -> None:
    found = rewrite(layer("Softmax", axis=[1, 3]), shaped(SHAPE))
    assert outline(found) == [
        ("a__there", "Permute"),
        ("a__join", "Reshape"),
        ("a__softmax", "Activation"),
        ("a__part", "Reshape"),
        ("a", "Permute"),
    ]
    assert fields(found, "a__join", "target_shape") == ([3, 8],)
    assert fields(found, "a__part", "target_shape") == ([3, 2, 4],)


@pytest.mark.parametrize(
    ("generation", "classes"),
    [
        (2, ["Rescaling", "keras.ops.Add", "Softmax"]),
        (3, ["keras.ops.Greater", "Rescaling", "keras.ops.Add", "Softmax", "keras.ops.Multiply"]),
    ],
)
def test_what_a_mask_leaves_out_is_lowered_before(generation: int, classes: list[str]) -> None:
    before = replace(layer("Softmax", axis=1), calls=(on("x", "m"),))
    found = rewrite(before, shaped(SHAPE, SHAPE, generation=generation))
    assert [class_name for _, class_name in outline(found)] == classes
    (name,) = (name for name, class_name in outline(found) if class_name == "Rescaling")
    assert fields(found, name, "scale", "offset") == (1e9, -1e9)


def test_a_mask_of_another_rank_is_refused() -> None:
    before = replace(layer("Softmax"), calls=(on("x", "m"),))
    why = f"not supported yet: a mask of rank 2 for an input of rank {len(SHAPE)}"
    assert rewrite(before, shaped(SHAPE, (None, 2))) == refused(before, why)
