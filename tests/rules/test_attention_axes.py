from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, refused, shaped, weight
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer, Shape, TensorRef
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
            attention("x", attention_axes=[2]),
            "attention_axes = [2] of input (None, 2, 3, 4)",
            id="one of two axes",
        ),
        pytest.param(
            attention("x", "y", "m"), "masks or scores of attention over axes [1, 2]", id="a mask"
        ),
        pytest.param(
            attention("x", return_attention_scores=True),
            "masks or scores of attention over axes [1, 2]",
            id="scores",
        ),
        pytest.param(
            attention("x", use_causal_mask=True),
            "use_causal_mask = True over axes [1, 2]",
            id="causal",
        ),
    ],
)
def test_what_is_not_joined_is_refused(before: Layer, why: str) -> None:
    shapes = (IMAGE,) * len(before.calls[0].inputs)
    assert rewrite(before, shaped(*shapes)) == refused(before, f"not supported yet: {why}")


@pytest.mark.parametrize("axes", [None, [1, 2]])
def test_all_axes_become_one(axes: list[int] | None) -> None:
    result = rewrite(attention("x", "y", out=(7,), attention_axes=axes), shaped(IMAGE, OTHER))
    assert outline(result) == [
        ("a__flat_0", "Reshape"),
        ("a__flat_1", "Reshape"),
        ("a", "MultiHeadAttention"),
        ("a__axes", "Reshape"),
    ]
    assert fields(result, "a__flat_0", "target_shape") == ([6, 4],)
    assert fields(result, "a__flat_1", "target_shape") == ([15, 4],)
    assert fields(result, "a__axes", "target_shape") == ([2, 3, 7],)
    assert isinstance(result, Lowering)
    assert "attention_axes" not in result.layers[2].config
    assert result.layers[2].calls == (on("a__flat_0", "a__flat_1"),)
    assert result.outputs == (TensorRef("a__axes"),)
