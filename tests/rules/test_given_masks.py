from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, TensorRef
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.rules.given_masks import rewrite

M = TensorRef("m")
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


def test_a_given_query_mask_is_refused() -> None:
    heads = replace(layer("MultiHeadAttention"), calls=(GIVEN,))
    found = rewrite(functional([source(), source("m"), heads], ["a"]), KERAS3)
    why = "not supported yet: called with query_mask"
    assert found == Refusal((Reason(why, "a", "MultiHeadAttention"),))
