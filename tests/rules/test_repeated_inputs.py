from __future__ import annotations

import pytest

from tests.models import KERAS3, functional, identity, nested, on, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.repeated_inputs import rewrite

X, SECOND, OTHER = TensorRef("x"), TensorRef("x", 1), TensorRef("x", 0, 1)


def model(*calls: Call, name: str = "a") -> Graph:
    return functional([source(), Layer(name, "Add", {}, calls)], [name])


def copy(name: str, of: TensorRef = X) -> Layer:
    return Layer(name, "Activation", {"trainable": True, "activation": "linear"}, (Call((of,)),))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(on("x")), id="one tensor"),
        pytest.param(model(on("x", "y")), id="different tensors"),
        pytest.param(model(on("x"), on("x")), id="the same one in two calls"),
        pytest.param(model(on(X, SECOND, OTHER)), id="other calls and outputs of one layer"),
    ],
)
def test_no_tensor_twice(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) is None


def test_a_tensor_twice_is_copied() -> None:
    after = functional(
        [
            source(),
            *(copy("a__copy_1"), copy("a__copy_2"), copy("a__copy_3", OTHER)),
            Layer(
                "a",
                "Add",
                {},
                (on("x", "a__copy_1", "a__copy_2"), on(OTHER, X, TensorRef("a__copy_3"))),
            ),
        ],
        ["a"],
    )
    before = model(on("x", "x", "x"), on(OTHER, X, OTHER))
    assert rewrite(before, KERAS3) == GraphRewrite(after)


def test_a_copy_takes_a_free_name() -> None:
    taken = identity("a__copy_1", on("x"))
    before = functional([source(), taken, Layer("a", "Add", {}, (on("x", "x"),))], ["a"])
    after = functional(
        [source(), taken, copy("a__copy_2"), Layer("a", "Add", {}, (on("x", "a__copy_2"),))], ["a"]
    )
    assert rewrite(before, KERAS3) == GraphRewrite(after)


def test_nested_models_are_looked_into() -> None:
    inner = model(on("x", "x"))
    before = functional([source(), nested("n", inner, on("x"))], ["n"])
    copied = functional(
        [source(), copy("a__copy_1"), Layer("a", "Add", {}, (on("x", "a__copy_1"),))], ["a"]
    )
    after = functional([source(), nested("n", copied, on("x"))], ["n"])
    assert rewrite(before, KERAS3) == GraphRewrite(after)
