from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, on, shaped
from tfjs_serve.graph import Layer, TensorRef, Value
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.masked_extremes import rewrite

M, N = TensorRef("m"), TensorRef("n")
SHAPE = (None, 4, 3)

CHOICE = ["Rescaling", "Multiply", "Multiply", "Add"]


def most(*masks: Value, class_name: str = "Maximum") -> Layer:
    names = ("x", "y", "z")[: len(masks)]
    return replace(layer(class_name), calls=(on(*names, masks=masks),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(replace(layer("Maximum"), calls=(on("x", "y"),)), id="no masks"),
        pytest.param(most(M, N, class_name="Multiply"), id="other class"),
    ],
)
def test_nothing_to_leave_out(before: Layer) -> None:
    assert rewrite(before, shaped(SHAPE, SHAPE)) is None


@pytest.mark.parametrize("class_name", ["Maximum", "Minimum"])
@pytest.mark.parametrize(
    ("masks", "steps"),
    [
        pytest.param((M, None), ["Reshape", *CHOICE], id="the first"),
        pytest.param((None, N), ["Reshape", *CHOICE], id="the second"),
        pytest.param((M, N), ["Reshape", "Reshape", *CHOICE, *CHOICE, "Maximum"], id="both"),
    ],
)
def test_what_is_left_out_stands_back(
    masks: tuple[Value, ...], steps: list[str], class_name: str
) -> None:
    result = rewrite(most(*masks, class_name=class_name), shaped(SHAPE, SHAPE))
    assert isinstance(result, Lowering)
    assert [part.class_name for part in result.layers] == [*steps, class_name]
    assert result.outputs == (TensorRef("a"),)


def test_a_tensor_without_a_mask_takes_the_mask_of_those_before_it() -> None:
    result = rewrite(most(M, None, N), shaped(SHAPE, SHAPE, SHAPE))
    assert isinstance(result, Lowering)
    found = [part.class_name for part in result.layers]
    assert found == ["Reshape", "Reshape", *CHOICE, "Maximum", *CHOICE, "Maximum"]


def test_other_ranks_are_refused() -> None:
    assert isinstance(rewrite(most(M, N), shaped((None, 3), (None, 3))), Refusal)
