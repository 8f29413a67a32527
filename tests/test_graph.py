from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest

from tests.models import X, dense, functional, identity, nested, on, sequential, source
from tfjs_serve.graph import (
    Call,
    Graph,
    Layer,
    TensorRef,
    flow_order,
    inner_graphs,
    map_refs,
    tensors,
    walk_graphs,
    with_graphs,
)

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


def ref(name: str, call: int) -> TensorRef:
    return TensorRef(name, call)


@pytest.mark.parametrize(
    ("layers", "order", "waiting"),
    [
        pytest.param([], "", "", id="nothing"),
        pytest.param([source()], "x0", "", id="an input"),
        pytest.param([identity("a")], "", "", id="never called"),
        pytest.param(
            [source(), identity("a", on("x"), on("a")), identity("b", on("x"))],
            "x0 a0 a1 b0",
            "",
            id="in order",
        ),
        pytest.param(
            [source(), identity("c", on("b")), identity("b", on("x")), identity("d", on("b"))],
            "x0 b0 d0 c0",
            "",
            id="only what has to wait goes back",
        ),
        pytest.param(
            [identity("c", on("b")), identity("b", on("a")), identity("a", on("x")), source()],
            "x0 a0 b0 c0",
            "",
            id="backwards",
        ),
        pytest.param(
            [identity("a", on(ref("a", 1)), on("x")), identity("b", on("a")), source()],
            "x0 a1 a0 b0",
            "",
            id="a call on a later call of its layer",
        ),
        pytest.param(
            [identity("a", on("x", mask=TensorRef("m"))), source(), identity("m", on("x"))],
            "x0 m0 a0",
            "",
            id="a tensor given by name",
        ),
        pytest.param(
            [source(), identity("a", on("x", "x", TensorRef("x", 0, 1)))],
            "x0 a0",
            "",
            id="on one call several times",
        ),
        pytest.param(
            [identity("c", on("a")), source(), identity("b", on("a")), identity("a", on("b"))],
            "x0",
            "c0 b0 a0",
            id="a circle and what is behind it",
        ),
        pytest.param([source(), identity("a", on("a"))], "x0", "a0", id="on itself"),
        pytest.param(
            [source(), identity("a", on("y")), identity("b", on(ref("x", 1)))],
            "x0",
            "a0 b0",
            id="on what nothing makes",
        ),
    ],
)
def test_flow_order(layers: list[Layer], order: str, waiting: str) -> None:
    found = flow_order(functional(layers, []))
    assert tuple(" ".join(f"{item.name}{i}" for item, i in calls) for calls in found) == (
        order,
        waiting,
    )


def test_the_order_is_that_of_going_over_the_calls_again_and_again() -> None:
    for seed in range(200):
        graph = shuffled(random.Random(seed))
        waiting = [(item, i) for item in graph.layers for i in range(len(item.calls))]
        order: list[tuple[Layer, int]] = []
        made: set[tuple[str, int]] = set()
        while waiting:
            later = []
            for item, i in waiting:
                if all((need.layer, need.call) in made for need in item.calls[i].needs):
                    made.add((item.name, i))
                    order.append((item, i))
                else:
                    later.append((item, i))
            waiting = later
        assert flow_order(graph) == (order, [])


def shuffled(rng: random.Random) -> Graph:
    """Return a model of shared layers, listed in any order, their calls in any order."""
    made = [TensorRef("x")]
    free = [TensorRef(f"l{i % 5}", i // 5) for i in range(15)]
    rng.shuffle(free)
    calls: dict[TensorRef, Call] = {}
    for own in free:
        calls[own] = on(*rng.sample(made, min(len(made), rng.randint(1, 3))))
        made.append(own)
    layers = [
        identity(f"l{i}", *(calls[ref(f"l{i}", call)] for call in range(3))) for i in range(5)
    ]
    layers.append(source())
    rng.shuffle(layers)
    return functional(layers, [])


def test_models_in_wrappers_are_walked_and_replaced() -> None:
    inner = functional([source("i")], ["i"], ["i"], name="inner")
    part = nested("part", inner)
    wrapper = Layer("t", "TimeDistributed", {}, (on("x"),), parts={"layer": part})
    outer = functional([source(), wrapper], ["t"])
    assert [graph.name for graph in walk_graphs(outer)] == ["model", "inner"]
    renamed = with_graphs(wrapper, lambda graph: replace(graph, name="other"))
    assert [graph.name for graph in inner_graphs(renamed)] == ["other"]
    assert with_graphs(source(), lambda graph: replace(graph, name="other")) == source()
