from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, nested, on, source
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.given_masks import rewrite

M, X = TensorRef("m"), TensorRef("x")
GIVEN = on("x", query_mask=M, value_mask=M)


@pytest.mark.parametrize(
    ("class_name", "call", "context"),
    [
        pytest.param("MultiHeadAttention", on("x"), KERAS3, id="none"),
        pytest.param("MultiHeadAttention", on("x", query_mask=None), KERAS3, id="null"),
        pytest.param("MultiHeadAttention", on("x", attention_mask=M), KERAS3, id="attention mask"),
        pytest.param("MultiHeadAttention", GIVEN, KERAS2, id="Keras 2"),
        pytest.param("MultiHeadAttention", on("x", value_mask=M), KERAS3, id="value mask"),
        pytest.param("GroupedQueryAttention", GIVEN, KERAS3, id="grouped heads"),
        pytest.param("Dense", GIVEN, KERAS3, id="other class"),
    ],
)
def test_no_mask_is_given(class_name: str, call: Call, context: Context) -> None:
    heads = replace(layer(class_name), calls=(call,))
    assert rewrite(functional([source(), source("m"), heads], ["a"]), context) is None


@pytest.mark.parametrize(
    ("given", "left"),
    [
        (GIVEN, on("x", query_mask=None, value_mask=M)),
        (Call((X, X, X, M, M)), Call((X, X, X, None, M))),
        (Call((X, X, None, M)), Call((X, X, None, None))),
    ],
)
def test_a_given_query_mask_is_left_out(given: Call, left: Call) -> None:
    heads = layer("MultiHeadAttention")
    before, after = (replace(heads, calls=(call, on("x"))) for call in (given, left))
    found = rewrite(functional([source(), source("m"), before], ["a"]), KERAS3)
    assert found == GraphRewrite(functional([source(), source("m"), after], ["a"]))


def test_a_mask_that_nothing_else_reads_is_not_computed() -> None:
    mask = Layer("m", "keras.ops.NotEqual", {}, (Call((X, 0)),))
    heads = layer("MultiHeadAttention")
    given, left = (
        replace(heads, calls=(on("x", query_mask=item),)) for item in (TensorRef("m"), None)
    )
    inner = functional([source(), mask, given], ["a"])
    found = rewrite(functional([source(), nested("n", inner, on("x"))], ["n"]), KERAS3)
    after = nested("n", functional([source(), left], ["a"]), on("x"))
    assert found == GraphRewrite(functional([source(), after], ["n"]))
