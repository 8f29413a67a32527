from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import dense, functional, identity, nested, on, sequential, source
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef
from tfjs_serve.lowering.inlining import can_be_inlined, inlined

INNER = functional((source("i"), dense("d", on("i")), dense("e", on("d"))), ["e"], ["i"])


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        pytest.param(identity("a", on("x")), False, id="no model"),
        pytest.param(nested("n", INNER, on("x", training=True)), False, id="an argument"),
        pytest.param(nested("n", INNER, on("x", "y")), False, id="too many inputs"),
        pytest.param(nested("n", INNER, on("x"), on("x", mask=TensorRef("m"))), True, id="a mask"),
    ],
)
def test_only_models_called_with_their_inputs_are_written_out(layer: Layer, expected: bool) -> None:
    assert can_be_inlined(layer) is expected


def test_a_graph_without_such_a_model_stays() -> None:
    graph = functional((source(), dense("d", on("x"))), ["d"])
    assert inlined(graph, ()) == graph


def test_layers_keep_their_names_and_get_the_calls_of_the_model() -> None:
    graph = functional(
        (source(), source("y"), nested("n", INNER, on("x"), on("y")), identity("a", on("n"))),
        ["a", TensorRef("n", 1)],
        ["x", "y"],
    )
    second = TensorRef("d", 1)
    assert inlined(graph, ["n"]) == functional(
        (
            *(source(), source("y"), dense("d", on("x"), on("y"))),
            *(dense("e", on("d"), on(second)), identity("a", on("e"))),
        ),
        ["a", TensorRef("e", 1)],
        ["x", "y"],
    )


def test_a_layer_that_the_model_shares_is_called_for_each_call_of_both() -> None:
    twice = functional((source("i"), dense("d", on("i"), on("d"))), [TensorRef("d", 1)], ["i"])
    graph = functional((source(), nested("n", twice, on("x"), on("n"))), [TensorRef("n", 1)])
    (_, layer) = inlined(graph, ["n"]).layers
    assert layer.calls == (on("x"), on("d"), on(TensorRef("d", 1)), on(TensorRef("d", 2)))


def test_a_chain_becomes_a_graph_and_taken_names_get_the_name_of_the_model() -> None:
    chain = sequential(source(), dense("d", on("x")), nested("n", INNER, on("d")))
    result = inlined(chain, ["n"])
    assert (result.kind, [layer.name for layer in result.layers]) == (
        GraphKind.FUNCTIONAL,
        ["x", "d", "n__d", "e"],
    )
    assert result.outputs == (TensorRef("e"),)


def test_a_frozen_model_leaves_frozen_layers() -> None:
    frozen = replace(nested("n", INNER, on("x")), config={"trainable": False})
    layers = inlined(functional((source(), frozen), ["n"]), ["n"]).layers
    assert [layer.config["trainable"] for layer in layers[1:]] == [False, False]


def test_an_input_that_is_returned_stands_for_itself() -> None:
    through = functional((source("i"),), ["i"], ["i"])
    graph = functional((source(), nested("n", through, on("x")), dense("d", on("n"))), ["d"])
    assert inlined(graph, ["n"]) == functional((source(), dense("d", on("x"))), ["d"])


def test_masks_of_several_inputs_each_get_a_copy() -> None:
    two: Graph = functional(
        (source("i"), source("j"), identity("a", on("i")), identity("b", on("j"))),
        ["a", "b"],
        ["i", "j"],
    )
    call = Call(((TensorRef("x"), TensorRef("y")),), {"mask": (None, TensorRef("m"))})
    graph = functional(
        (source(), source("y"), source("m"), nested("n", two, call)),
        ["n", TensorRef("n", 0, 1)],
        ["x", "y", "m"],
    )
    copy = identity("n__input_1_0", on("y", mask=TensorRef("m")))
    assert inlined(graph, ["n"]).layers[3:] == (
        copy,
        identity("a", on("x")),
        identity("b", on("n__input_1_0")),
    )
