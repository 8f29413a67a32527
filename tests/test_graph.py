from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import X, dense, functional, identity, nested, on, sequential, source
from tfjs_serve.graph import Call, TensorRef, map_refs, tensors, walk_graphs

Y = TensorRef("y", 1, 2)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(None, [], id="null"),
        pytest.param("x", [], id="text"),
        pytest.param((), [], id="empty"),
        pytest.param((1, (2.5, None)), [], id="literals"),
        pytest.param([X], [], id="a list is no value"),
        pytest.param(X, [X], id="one"),
        pytest.param((X, (1, Y), X), [X, Y, X], id="nested, in order, repeated"),
    ],
)
def test_tensors(value: Any, found: list[TensorRef]) -> None:
    assert list(tensors(value)) == found


def test_inputs_are_positional_tensors_only() -> None:
    assert Call(((X, 3.0), Y), {"mask": TensorRef("m")}).inputs == (X, Y)


@pytest.mark.parametrize(
    ("call", "mapped"),
    [
        pytest.param(Call(), Call(), id="nothing"),
        pytest.param(Call((1, "a", None, True)), Call((1, "a", None, True)), id="literals"),
        pytest.param(on("x"), on(TensorRef("x", 7)), id="one"),
        pytest.param(
            Call(((X, (2, Y)),), {"mask": X, "scale": 0.5}),
            Call(
                ((TensorRef("x", 7), (2, TensorRef("y", 7, 2))),),
                {"mask": TensorRef("x", 7), "scale": 0.5},
            ),
            id="nested and named",
        ),
    ],
)
def test_map_refs(call: Call, mapped: Call) -> None:
    assert map_refs(call, lambda ref: replace(ref, call=7)) == mapped


def test_layer_by_name() -> None:
    graph = functional([source(), dense("a", on("x"))], ["a"])
    assert graph.layer("a") is graph.layers[1]
    with pytest.raises(KeyError, match="b"):
        graph.layer("b")


def test_walk_goes_outside_in() -> None:
    deepest = sequential(source("z"), identity("i", on("z")), name="deepest")
    inner = functional([source("y"), nested("d", deepest, on("y"))], ["d"], ["y"], name="inner")
    outer = functional(
        [source(), nested("n", inner, on("x")), nested("m", deepest, on("n"))], ["m"], name="outer"
    )
    assert [graph.name for graph in walk_graphs(outer)] == ["outer", "inner", "deepest", "deepest"]
