from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, on, shaped
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.weighted_counts import rewrite

X, W = TensorRef("x"), TensorRef("w")


def encoding(call: Call, **config: Any) -> Layer:
    made = layer("CategoryEncoding", **{"num_tokens": 2, "output_mode": "count", **config})
    return replace(made, calls=(call,))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(encoding(on("x")), id="no weights"),
        pytest.param(encoding(on("x", count_weights=None)), id="null"),
        pytest.param(replace(layer("Dense"), calls=(on("x", count_weights=W),)), id="other class"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, shaped((None, 3))) is None


@pytest.mark.parametrize(
    "call", [on("x", count_weights=W), Call((X, W))], ids=["by name", "by place"]
)
@pytest.mark.parametrize("length", [None, 1, 3])
def test_weights_of_equal_tokens_are_summed(call: Call, length: int | None) -> None:
    found = rewrite(encoding(call), shaped((None, length), (None, length)))
    assert outline(found) == [("a__rows", "Embedding"), ("a", "Dot")]
    assert values(found, "a__rows", "embeddings") == [[1, 0], [0, 1]]
    assert fields(found, "a__rows", "trainable") == (False,)
    assert fields(found, "a", "axes") == ((1, 1),)
    assert isinstance(found, Lowering)
    calls = [part.calls[0].inputs for part in found.layers]
    assert calls == [(X,), (TensorRef("a__rows"), W)]


@pytest.mark.parametrize(
    ("config", "shape"),
    [
        ({}, (None,)),
        ({}, (None, 3, 4)),
        ({}, None),
        ({"output_mode": "multi_hot"}, (None, 3)),
        ({"sparse": True}, (None, 3)),
        ({"num_tokens": None}, (None, 3)),
    ],
)
def test_what_is_refused(config: dict[str, Any], shape: Shape | None) -> None:
    found = rewrite(encoding(on("x", count_weights=W), **config), shaped(shape))
    assert isinstance(found, Refusal)
    assert found.reasons[0].why.startswith("not supported yet: count_weights on input of shape")
