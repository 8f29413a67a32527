from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, nested, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.rules.integer_resizing import REMEDY, rewrite

SHAPE = (None, 4, 4, 1)


def resized(dtype: str, between: str = "Permute", **config: Any) -> Graph:
    calls: tuple[Call, ...] = (on("x"),)
    resizing = Layer("size", "Resizing", config, (on("between"),))
    return functional(
        [source("x", SHAPE, dtype), Layer("between", between, {}, calls), resizing], ["size"]
    )


@pytest.mark.parametrize(
    ("graph", "context"),
    [
        pytest.param(resized("int32"), KERAS2, id="Keras 2"),
        pytest.param(resized("float32"), KERAS3, id="floats"),
        pytest.param(resized("int32", "Rescaling"), KERAS3, id="floats by then"),
        pytest.param(resized("int32", interpolation="nearest"), KERAS3, id="picks"),
    ],
)
def test_resizes_as_tfjs_does(graph: Graph, context: Context) -> None:
    assert rewrite(graph, context) is None


@pytest.mark.parametrize("dtype", ["int32", "uint8", "int64"])
def test_whole_numbers_are_refused(dtype: str) -> None:
    reason = Reason("not supported yet: resizes whole numbers", "size", "Resizing", REMEDY)
    inner = resized(dtype)
    outer = functional([source("y", SHAPE), nested("n", inner, on("y"))], ["n"], ["y"])
    assert rewrite(inner, KERAS3) == Refusal((reason,))
    assert rewrite(outer, KERAS3) == Refusal((reason,))
