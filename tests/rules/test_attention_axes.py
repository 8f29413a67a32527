from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, refused, shaped, weight
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.attention_axes import rewrite

IMAGE: Shape = (None, 2, 3, 4)
OTHER: Shape = (None, 5, 3, 4)


def attention(*inputs: str, out: tuple[int, ...] = (4,), **config: Any) -> Layer:
    """Return a layer as attention_arguments leaves it."""
    roles = dict(zip(("query", "value", "attention_mask"), range(len(inputs)), strict=False))
    made = layer("MultiHeadAttention", **{"inputs": {"value": 0, **roles}, **config})
    return replace(
        made, calls=(on(*inputs),), weights=(weight("attention_output/kernel", (2, 3, *out)),)
    )


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        pytest.param(layer("Dense"), IMAGE, id="other class"),
        pytest.param(layer("MultiHeadAttention"), IMAGE, id="arguments to come"),
        pytest.param(attention("x"), (None, 3, 4), id="one axis"),
        pytest.param(replace(attention("x"), weights=()), IMAGE, id="no weights"),
    ],
)
def test_nothing_to_join(before: Layer, shape: Shape) -> None:
    assert rewrite(before, shaped(shape)) is None


@pytest.mark.parametrize(
    ("before", "why"),
    [
        pytest.param(
            attention("x", attention_axes=[3]),
            "attention_axes = [3] of input (None, 2, 3, 4)",
            id="the axis of features",
        ),
        pytest.param(
            attention("x", attention_axes=[1, 1]),
            "attention_axes = [1, 1] of input (None, 2, 3, 4)",
            id="an axis twice",
        ),
        pytest.param(attention("x", "y", "m"), "masks of attention over axes [1, 2]", id="a mask"),
        pytest.param(
            attention("x", attention_axes=[1], return_attention_scores=True),
            "scores of attention over axes [1]",
            id="scores of a loop",
        ),
        pytest.param(
            attention("x", attention_axes=[2, 1], return_attention_scores=True),
            "scores of attention over axes [2, 1]",
            id="scores of axes in another order",
        ),
        pytest.param(
            attention("x", use_causal_mask=True),
            "use_causal_mask = True over axes [1, 2]",
            id="causal",
        ),
        pytest.param(
            attention("x", attention_axes=[2], use_causal_mask=True),
            "use_causal_mask = True over axes [2]",
            id="causal, along another axis than that of time",
        ),
    ],
)
def test_what_is_not_joined_is_refused(before: Layer, why: str) -> None:
    shapes = (IMAGE,) * len(before.calls[0].inputs)
    assert rewrite(before, shaped(*shapes)) == refused(before, f"not supported yet: {why}")


def test_inputs_of_other_rank_are_refused() -> None:
    before = attention("x", "y")
    why = "not supported yet: inputs of different ranks, got [(None, 2, 3, 4), (None, 3, 4)]"
    assert rewrite(before, shaped(IMAGE, (None, 3, 4))) == refused(before, why)


def test_keras_2_counts_negative_axes_otherwise() -> None:
    before = attention("x", attention_axes=[-2])
    why = "not supported yet: attention_axes = [-2] of input (None, 2, 3, 4)"
    assert rewrite(before, shaped(IMAGE, generation=2)) == refused(before, why)
    assert isinstance(rewrite(before, shaped(IMAGE)), Lowering)


@pytest.mark.parametrize("axes", [None, [1, 2], [2, 1]])
def test_all_axes_become_one(axes: list[int] | None) -> None:
    result = rewrite(attention("x", "y", out=(7,), attention_axes=axes), shaped(IMAGE, OTHER))
    assert outline(result) == [
        ("a__reshape_1", "Reshape"),
        ("a__reshape_2", "Reshape"),
        ("a", "MultiHeadAttention"),
        ("a__reshape_4", "Reshape"),
    ]
    assert fields(result, "a__reshape_1", "target_shape") == ([6, 4],)
    assert fields(result, "a__reshape_2", "target_shape") == ([15, 4],)
    assert fields(result, "a__reshape_4", "target_shape") == ([2, 3, 7],)
    assert isinstance(result, Lowering)
    assert "attention_axes" not in result.layers[2].config
    assert result.layers[2].calls == (on("a__reshape_1", "a__reshape_2"),)
    assert result.outputs == (TensorRef("a__reshape_4"),)


def test_scores_of_all_axes_get_them_back() -> None:
    before = attention("x", "y", return_attention_scores=True, num_heads=2)
    result = rewrite(before, shaped(IMAGE, OTHER))
    assert isinstance(result, Lowering)
    assert result.outputs == (TensorRef("a__reshape_4"), TensorRef("a__reshape_5"))
    assert result.layers[-1].calls == (on(TensorRef("a", 0, 1)),)
    assert fields(result, "a__reshape_5", "target_shape") == ([2, 2, 3, 5, 3],)


@pytest.mark.parametrize(
    ("axes", "dims"),
    [
        pytest.param([2], [], id="the last one"),
        pytest.param([1], [[2, 1, 3], [2, 1, 3]], id="the first one"),
    ],
)
def test_one_of_two_axes_becomes_a_loop_over_the_other(axes: list[int], dims: list[int]) -> None:
    result = rewrite(attention("x", attention_axes=axes), shaped((None, None, None, 4)))
    assert isinstance(result, Lowering)
    (loop,) = (part for part in result.layers if part.class_name == "TimeDistributed")
    turned = [part.config["dims"] for part in result.layers if part.class_name == "Permute"]
    assert loop.parts["layer"].class_name == "MultiHeadAttention"
    assert "attention_axes" not in loop.parts["layer"].config
    assert turned == dims


def test_several_inputs_of_a_loop_are_cut_apart_inside() -> None:
    result = rewrite(attention("x", "y", attention_axes=[1]), shaped(IMAGE, OTHER))
    assert isinstance(result, Lowering)
    (loop,) = (part for part in result.layers if part.class_name == "TimeDistributed")
    inner = loop.parts["layer"].graph
    assert inner is not None
    assert [(part.class_name, dict(part.config)) for part in inner.layers[:-1]] == [
        ("InputLayer", {"shape": (None, 28), "dtype": "float32"}),
        ("Reshape", {"target_shape": [28, 1]}),
        ("Cropping1D", {"cropping": [0, 20]}),
        ("Reshape", {"target_shape": [2, 4]}),
        ("Cropping1D", {"cropping": [8, 0]}),
        ("Reshape", {"target_shape": [5, 4]}),
    ]
    assert inner.layers[-1].name == "a"


def test_several_inputs_of_a_loop_need_known_lengths() -> None:
    with pytest.raises(ShapeError, match="one axis of unknown length"):
        rewrite(attention("x", "y", attention_axes=[2]), shaped((None, 2, None, 4), IMAGE))


def test_axes_of_higher_rank_are_joined_on_both_sides() -> None:
    before = attention("x", out=(7,), attention_axes=[1, 3])
    result = rewrite(before, shaped((None, 2, 3, 5, 4)))
    assert [class_name for _, class_name in outline(result)] == [
        *("Permute", "Reshape", "TimeDistributed", "Reshape", "Permute"),
    ]
    assert fields(result, "a__permute_1", "dims") == ([2, 1, 3, 4],)
    assert fields(result, "a__reshape_2", "target_shape") == ([3, 10, 4],)
    assert fields(result, "a__reshape_4", "target_shape") == ([3, 2, 5, 7],)
    assert fields(result, "a__permute_5", "dims") == ([2, 1, 3, 4],)
