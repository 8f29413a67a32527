from __future__ import annotations

from typing import Any

import pytest

from tests.models import layer, shaped
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.category_encoding import rewrite


def encoding(**config: Any) -> Layer:
    return layer("CategoryEncoding", **{"num_tokens": 2, **config})


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Embedding"), shaped((None, 3)), id="other class"),
        pytest.param(encoding(num_tokens=None), shaped((None, 3)), id="no number of tokens"),
        pytest.param(encoding(sparse=True), shaped((None, 3)), id="sparse"),
        pytest.param(encoding(output_mode="tf_idf"), shaped((None, 3)), id="other mode"),
        pytest.param(encoding(), shaped((None, 3, 4)), id="rank 3"),
        pytest.param(encoding(), shaped(None), id="hidden shape"),
        pytest.param(encoding(output_mode="one_hot"), shaped((None, None)), id="any number"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("mode", "length", "after"),
    [
        ("multi_hot", None, [("a__rows", "Embedding"), ("a", "GlobalMaxPooling1D")]),
        ("one_hot", 1, [("a__rows", "Embedding"), ("a", "Reshape")]),
        ("one_hot", 3, [("a", "Embedding")]),
        (
            "count",
            3,
            [
                ("a__rows", "Embedding"),
                ("a__mean", "GlobalAveragePooling1D"),
                ("a", "Rescaling"),
            ],
        ),
    ],
)
def test_rows_of_the_identity(mode: str, length: int | None, after: list[tuple[str, str]]) -> None:
    found = rewrite(encoding(output_mode=mode), shaped((None, length)))
    assert outline(found) == after
    rows = after[0][0]
    assert values(found, rows, "embeddings") == [[1, 0], [0, 1]]
    assert fields(found, rows, "trainable") == (False,)


@pytest.mark.parametrize(
    ("length", "after"),
    [
        (3, [("a", "Embedding")]),
        (1, [("a__rows", "Embedding"), ("a", "Reshape")]),
    ],
)
def test_tokens_of_several_axes_are_kept_apart(length: int, after: list[tuple[str, str]]) -> None:
    found = rewrite(encoding(output_mode="one_hot"), shaped((None, 4, length)))
    assert outline(found) == after
    if length == 1:
        assert fields(found, "a", "target_shape") == ([4, 2],)


def test_the_companion_module_counts_any_number_of_tokens() -> None:
    found = rewrite(encoding(output_mode="count"), shaped((None, None)))
    assert outline(found) == [("a", "TfjsServeLookup")]
    assert fields(found, "a", "encoding", "depth") == ("count", 2)
