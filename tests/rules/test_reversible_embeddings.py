from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS3, functional, layer, nested, on, source, weight
from tests.rules.spatial import computed
from tfjs_serve.graph import Call, Graph, Layer, TensorRef, Weight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import GraphRewrite, Refusal
from tfjs_serve.rules.reversible_embeddings import TIED, rewrite

TABLE, BACK = weight("embeddings", (7, 3)), weight("reverse_embeddings", (3, 7))
SIZES: dict[str, Any] = {"input_dim": 7, "output_dim": 3}


def reversible(*calls: Call, weights: tuple[Weight, ...] = (TABLE,), **config: Any) -> Layer:
    fields = {**SIZES, "tie_weights": True, "logit_soft_cap": None, "reverse_dtype": None}
    return Layer("e", "ReversibleEmbedding", {**fields, **config}, calls, weights)


def graph(*layers: Layer, outputs: tuple[TensorRef | str, ...]) -> Graph:
    return functional([source(), source("y"), *layers], list(outputs), ["x", "y"])


def split(before: Graph) -> GraphRewrite:
    result = rewrite(before, KERAS3)
    assert isinstance(result, GraphRewrite)
    return result


def test_nothing_to_reverse() -> None:
    plain = layer("Embedding", **SIZES)
    assert rewrite(graph(plain, outputs=("a",)), KERAS3) is None


@pytest.mark.parametrize(
    ("before", "word"),
    [
        (reversible(on("x", reverse=True), reverse_dtype="float16"), "reverse_dtype"),
        (reversible(on("x", reverse=True), logit_soft_cap=0), "logit_soft_cap"),
        (reversible(on("x", reverse=True), lora_rank=2), "low rank"),
        (reversible(on("x", reverse=True), weights=()), "does not hold"),
        (reversible(on("x", reverse=True), tie_weights=False), "does not hold"),
    ],
)
def test_what_is_refused(before: Layer, word: str) -> None:
    result = rewrite(graph(before, outputs=("e",)), KERAS3)
    assert isinstance(result, Refusal)
    assert word in result.reasons[0].why


def test_called_forward_it_is_an_embedding() -> None:
    calls = (on("x"), on("y", reverse=False))
    before = reversible(*calls, tie_weights=False, mask_zero=True, weights=(TABLE, BACK))
    after = Layer("e", "Embedding", {**SIZES, "mask_zero": True}, (on("x"), on("y")), (TABLE,))
    ends = ("e", TensorRef("e", 1))
    assert split(graph(before, outputs=ends)) == GraphRewrite(graph(after, outputs=ends))


@pytest.mark.parametrize(
    "back",
    [on("y", reverse=True), Call((TensorRef("y"), True))],
    ids=["named", "second argument"],
)
def test_called_in_reverse_it_is_a_dense(back: Call) -> None:
    before = reversible(on("x"), back, on("x"), trainable=False)
    ends = (TensorRef("e", 1), TensorRef("e", 2))
    result = split(graph(before, outputs=ends))
    table, dense = result.graph.layers[2:]
    assert (table.class_name, table.calls) == ("Embedding", (on("x"), on("x")))
    assert (dense.name, dense.class_name, dense.calls) == ("e__reverse", "Dense", (on("y"),))
    wanted = {"units": 7, "use_bias": False, "activation": "linear", "trainable": False}
    assert dense.config == wanted
    assert result.graph.outputs == (TensorRef("e__reverse"), TensorRef("e", 1))
    (kernel,) = dense.weights
    assert (kernel.name, kernel.shape) == ("kernel", (3, 7))
    values = np.arange(21.0).reshape(7, 3)
    assert (computed(kernel, values) == values.T).all()
    assert result.notes == (Note(TIED, "e", NoteKind.TRAINING),)


def test_a_table_of_its_own_for_the_way_back() -> None:
    before = reversible(on("x", reverse=True), tie_weights=False, weights=(TABLE, BACK))
    result = split(graph(before, outputs=("e",)))
    assert [item.name for item in result.graph.layers] == ["x", "y", "e__reverse"]
    assert result.graph.layer("e__reverse").weights == (Weight("kernel", BACK.values),)
    assert result.notes == ()


def test_a_soft_cap() -> None:
    before = reversible(on("x", reverse=True), on("y", reverse=True), logit_soft_cap=4)
    result = split(graph(before, outputs=(TensorRef("e", 1),)))
    assert result.graph.outputs == (TensorRef("e__capped", 1),)
    found = [(item.name, item.class_name, item.calls) for item in result.graph.layers[2:]]

    def after(name: str) -> tuple[Call, ...]:
        return on(name), on(TensorRef(name, 1))

    assert found == [
        ("e__reverse", "Dense", (on("x"), on("y"))),
        ("e__quotient", "Rescaling", after("e__reverse")),
        ("e__tanh", "Activation", after("e__quotient")),
        ("e__capped", "Rescaling", after("e__tanh")),
    ]
    scales = [result.graph.layer(f"e__{name}").config["scale"] for name in ("quotient", "capped")]
    assert scales == [0.25, 4.0]


def test_inside_models_and_wrappers() -> None:
    inner = functional([source("z"), reversible(on("z", reverse=True))], ["e"], ["z"])
    part = replace(reversible(), name="p")
    wrapper = Layer("t", "TimeDistributed", {}, (on("y"),), parts={"layer": part})
    result = split(graph(nested("m", inner, on("x")), wrapper, outputs=("m", "t")))
    model = result.graph.layer("m").graph
    assert model is not None
    assert [item.class_name for item in model.layers] == ["InputLayer", "Dense"]
    assert model.outputs == (TensorRef("e__reverse"),)
    assert result.graph.layer("t").parts["layer"].class_name == "Embedding"
