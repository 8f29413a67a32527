from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import KERAS3, layer, shaped, weight
from tfjs_serve.graph import Call, Computed, Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering, Refusal
from tfjs_serve.rules.attention import LEARNS_APART, rewrite

Q, V, K = (TensorRef(INPUT, 0, index) for index in range(3))
SHAPES = ((None, 3, 4), (None, 5, 4))


def attention(class_name: str = "Attention", /, *extra: str, **config: Any) -> Layer:
    """Return a layer as attention_arguments leaves it; `extra` inputs follow query and value."""
    roles = {name: index for index, name in enumerate(("query", "value", *extra))}
    refs = tuple(TensorRef(INPUT, 0, index) for index in range(len(roles)))
    shapes: dict[str, tuple[int, ...]] = {}
    if config.get("use_scale"):
        shapes["scale"] = (4,) if class_name == "AdditiveAttention" else ()
    if config.get("score_mode") == "concat":
        shapes["concat_score_weight"] = ()
    made = tuple(weight(name, shape) for name, shape in shapes.items())
    return Layer("a", class_name, {**config, "inputs": roles}, (Call((refs,)),), made)


def lowered(before: Layer, *shapes: tuple[int | None, ...]) -> Lowering:
    result = rewrite(before, shaped(*shapes))
    assert isinstance(result, Lowering), result
    return result


def steps(lowering: Lowering) -> list[tuple[str, tuple[str | int, ...]]]:
    """Return the classes with the names of what they are called on, inputs as numbers."""
    return [
        (
            layer.class_name,
            tuple(ref.output if ref.layer == INPUT else ref.layer for ref in layer.calls[0].inputs),
        )
        for layer in lowering.layers
    ]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(layer("Attention", use_scale=False), id="arguments to come"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("before", "context", "why"),
    [
        (attention(novelty=1), shaped(*SHAPES), "novelty = 1"),
        (attention(), shaped((None, 4), (None, 5, 4)), "a query of shape (None, 4)"),
        (attention("AdditiveAttention"), shaped(*SHAPES), "does not hold the weights"),
        (
            attention("AdditiveAttention", use_scale=True),
            shaped((None, 3, 2), (None, 5, 2)),
            "does not hold the weights",
        ),
    ],
)
def test_refused(before: Layer, context: Context, why: str) -> None:
    result = rewrite(before, context)
    assert isinstance(result, Refusal)
    assert why in result.reasons[0].why


@pytest.mark.parametrize(
    ("extra", "key"), [((), 1), (("key",), 2)], ids=["value is key", "own key"]
)
def test_dot(extra: tuple[str, ...], key: int) -> None:
    result = lowered(attention("Attention", *extra), *SHAPES, *([(None, 5, 4)] * len(extra)))
    assert steps(result) == [
        ("Dot", (0, key)),
        ("Activation", ("a__dot_1",)),
        ("Dot", ("a__activation_2", 1)),
    ]
    assert result.outputs == (TensorRef("a"),)


def filled(made: Layer, *values: object) -> Any:
    (weight,) = made.weights
    assert isinstance(weight.values, Computed)
    assert len(weight.values.sources) == len(values)
    array = weight.values.compute(*(np.asarray(value, np.float32) for value in values))
    assert array.shape == weight.shape
    return array.ravel().tolist()


def test_a_scale_is_a_convolution_of_the_query() -> None:
    result = lowered(attention(use_scale=True), (None, None, 4), (None, None, 4))
    assert steps(result)[:4] == [
        ("Reshape", (0,)),
        ("DepthwiseConv2D", ("a__reshape_1",)),
        ("Reshape", ("a__scale",)),
        ("Dot", ("a__reshape_3", 1)),
    ]
    assert filled(result.layers[1], 0.5) == [0.5] * 4


def test_scores_of_pairs() -> None:
    result = lowered(attention(score_mode="concat", use_scale=True), *SHAPES)
    assert steps(result) == [
        ("Reshape", (0,)),
        ("Reshape", (1,)),
        ("Add", ("a__reshape_1", "a__reshape_2")),
        ("DepthwiseConv2D", ("a__add_3",)),
        ("Activation", ("a__scale",)),
        ("Dense", ("a__activation_5",)),
        ("Reshape", ("a__score",)),
        ("Activation", ("a__reshape_7",)),
        ("Dot", ("a__activation_8", 1)),
    ]
    assert filled(result.layers[5], 0.5) == [0.5] * 4


@pytest.mark.parametrize(
    ("use_scale", "stored"), [(True, [[1, 2, 3, 4]]), (False, [])], ids=["scale", "none"]
)
def test_additive_scores(use_scale: bool, stored: list[list[int]]) -> None:
    result = lowered(attention("AdditiveAttention", use_scale=use_scale), *SHAPES)
    (dense,) = (made for made in result.layers if made.class_name == "Dense")
    assert filled(dense, *stored) == (stored[0] if stored else [1.0] * 4)


def test_pairs_of_unknown_lengths_are_brought_to_rows_one_by_one() -> None:
    found = steps(lowered(attention(score_mode="concat"), (None, None, 4), (None, None, 4)))
    assert [name for name, _ in found] == [
        *("Reshape", "Reshape", "Add", "Activation", "Dense", "TimeDistributed"),
        *("Activation", "Dot"),
    ]


@pytest.mark.parametrize("config", [{"use_causal_mask": True}, {"causal": True}])
def test_causal(config: dict[str, bool]) -> None:
    names = [name for name, _ in steps(lowered(attention(**config), *SHAPES))]
    assert names == [
        *("Dot", "Rescaling", "Rescaling", "ReLU", "Rescaling", "Add", "Activation", "Dot"),
    ]


def test_masks() -> None:
    before = attention("Attention", "query_mask", "value_mask")
    result = lowered(before, *SHAPES, (None, 3), (None, 5))
    assert [name for name, _ in steps(result)][-2:] == ["Reshape", "Multiply"]
    assert steps(result)[-1][1][0] == "a"
    targets = [m.config["target_shape"] for m in result.layers if m.class_name == "Reshape"]
    assert targets == [[1, 5], [3, 1]]


def test_scores_are_returned() -> None:
    result = lowered(attention(return_attention_scores=True), *SHAPES)
    assert result.outputs == (TensorRef("a"), TensorRef("a__activation_2"))


@pytest.mark.parametrize(
    ("before", "notes"),
    [
        pytest.param(attention(), [], id="no scale"),
        pytest.param(attention("AdditiveAttention", use_scale=True), [], id="one for each feature"),
        pytest.param(attention(use_scale=True), [LEARNS_APART], id="one for all"),
        pytest.param(attention(score_mode="concat"), [LEARNS_APART], id="one for all pairs"),
        pytest.param(attention("AdditiveAttention", use_scale=False), [LEARNS_APART], id="none"),
    ],
)
def test_what_trains_otherwise_is_told_of(before: Layer, notes: list[str]) -> None:
    found = lowered(before, *SHAPES).notes
    assert found == tuple(Note(text, "a", NoteKind.TRAINING) for text in notes)
