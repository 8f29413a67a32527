from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, dense, functional, identity, nested, on, sequential, source
from tfjs_serve.graph import Graph, Layer, TensorRef
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.layer_names import rewrite


def single(name: str) -> Graph:
    return functional([source(), dense(name, on("x"))], [name])


def chain(*names: str, model: str = "m") -> Graph:
    places = zip(names, ("z", *names), strict=False)
    return sequential(source("z"), *(dense(new, on(old)) for new, old in places), name=model)


@pytest.mark.parametrize("name", ["a", "A-b.c_d/e", "1x", "a.", "dense_t1", "construct"])
def test_names_that_tfjs_takes_stay(name: str) -> None:
    assert rewrite(single(name), KERAS3) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("conv 1", "conv_1"),
        ("a:0", "a_0"),
        ("größe", "gr__e"),
        ("_hidden", "hidden"),
        ("./-_a", "a"),
        ("ab\n", "ab_"),
        ("日本", "dense"),
        ("", "dense"),
        ("constructor", "constructor_layer"),
        ("_constructor", "constructor_layer"),
        ("toString", "toString_layer"),
        ("hasOwnProperty", "hasOwnProperty_layer"),
        ("__proto__", "proto__"),
    ],
)
def test_other_names_are_changed(old: str, new: str) -> None:
    note = Note(f"is called {new!r} in the browser", old)
    assert rewrite(single(old), KERAS3) == GraphRewrite(single(new), (note,))


def test_every_reference_follows() -> None:
    def graph(a: str, b: str) -> Graph:
        calls = (on("x"), on(TensorRef(a, 0, 1), "x", mask=TensorRef(a)))
        layers = [source("x"), identity(a, *calls), identity(b, on(TensorRef(a, 1)))]
        return functional(layers, [b, TensorRef(a, 1)])

    notes = tuple(
        Note(f"is called {new!r} in the browser", old)
        for old, new in (("a b", "a_b"), ("_", "activation"))
    )
    assert rewrite(graph("a b", "_"), KERAS3) == GraphRewrite(graph("a_b", "activation"), notes)


def test_the_first_layer_of_a_name_keeps_it() -> None:
    before = functional([source(), dense("a b", on("x")), dense("a_b", on("a b"))], ["a_b"])
    after = functional([source(), dense("a_b", on("x")), dense("a_b_t1", on("a_b"))], ["a_b_t1"])
    found = rewrite(before, KERAS3)
    assert found is not None
    assert found.graph == after


def test_names_are_unique_across_nested_models() -> None:
    before = functional(
        [
            source(),
            nested("m", chain("d", "d_t1"), on("x")),
            nested("n", chain("d", "m"), on("m")),
            dense("d", on("n")),
        ],
        ["d"],
    )
    inner = sequential(source("z"), dense("d_t1", on("z")), dense("d_t1_t1", on("d_t1")), name="m")
    second = sequential(
        source("z_t1"), dense("d_t2", on("z_t1")), dense("m_t1", on("d_t2")), name="m"
    )
    after = functional(
        [source(), nested("m", inner, on("x")), nested("n", second, on("m")), dense("d", on("n"))],
        ["d"],
    )
    found = rewrite(before, KERAS3)
    assert found is not None
    assert found.graph == after
    assert [(note.layer, note.text.split("'")[1]) for note in found.notes] == [
        ("d", "d_t1"),
        ("d_t1", "d_t1_t1"),
        ("z", "z_t1"),
        ("d", "d_t2"),
        ("m", "m_t1"),
    ]
    assert rewrite(after, KERAS3) is None


def both_ways(name: str, part: str) -> Layer:
    lstm = Layer(part, "LSTM", {"units": 2})
    parts = {"layer": lstm, "backward_layer": replace(lstm)}
    return Layer(name, "Bidirectional", {}, (on("x"),), parts=parts)


def test_wrapped_layers_are_part_of_weight_names() -> None:
    before = functional([source(), both_ways("b", "my lstm")], ["b"])
    after = functional([source(), both_ways("b", "my_lstm")], ["b"])
    assert rewrite(before, KERAS3) == GraphRewrite(after)
    assert rewrite(after, KERAS3) is None


def test_wrapped_layers_may_share_names() -> None:
    graph = functional([source(), both_ways("b", "l"), both_ways("l", "b")], ["b", "l"])
    assert rewrite(graph, KERAS3) is None
