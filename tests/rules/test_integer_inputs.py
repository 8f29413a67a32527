from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, dense, functional, nested, on, source
from tfjs_serve.graph import Call, Graph, Layer
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.integer_inputs import rewrite


def ids(name: str = "x", dtype: str = "int32") -> Layer:
    return source(name, dtype=dtype)


def plain(class_name: str, name: str, *calls: Call, **config: Any) -> Layer:
    return Layer(name, class_name, config, calls)


def embedding(name: str, *calls: Call) -> Layer:
    return plain("Embedding", name, *calls)


EMBEDDED = functional([ids(), embedding("a", on("x"))], ["a"])


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(functional([source(), dense("a", on("x"))], ["a"]), id="floats"),
        pytest.param(EMBEDDED, id="ids"),
        pytest.param(functional([ids(), plain("Rescaling", "a", on("x"))], ["a"]), id="pixels"),
        pytest.param(
            functional(
                [ids(), plain("Flatten", "f", on("x")), embedding("a", on("f"))], ["a", "f"]
            ),
            id="ids in another shape",
        ),
        pytest.param(functional([ids(), nested("m", EMBEDDED, on("x"))], ["m"]), id="nested"),
        pytest.param(
            functional([source(), plain("GlobalAveragePooling1D", "a", on("x"))], ["a"]),
            id="mean of floats",
        ),
        pytest.param(
            functional(
                [plain("InputLayer", "x", Call()), plain("Activation", "a", on("x"))], ["a"]
            ),
            id="refused before",
        ),
    ],
)
def test_inputs_that_may_stay(graph: Graph) -> None:
    assert rewrite(graph, KERAS2) is None


@pytest.mark.parametrize("dtype", ["int32", "bool"])
def test_what_other_layers_are_fed_with_becomes_float32(dtype: str) -> None:
    layers = [plain("BatchNormalization", "a", on("x")), embedding("b", on("x"))]
    before = functional([ids(dtype=dtype), *layers], ["a", "b"])
    after = functional([source(), *layers], ["a", "b"])
    assert rewrite(before, KERAS3) == GraphRewrite(after)


def test_shapes_are_looked_through() -> None:
    layers = [plain("Reshape", "r", on("x")), plain("Flatten", "f", on("r")), dense("a", on("f"))]
    before = functional([ids(), *layers], ["a"])
    assert rewrite(before, KERAS3) == GraphRewrite(functional([source(), *layers], ["a"]))


def test_each_model_has_inputs_of_its_own() -> None:
    inner = functional([ids("z"), dense("d", on("z"))], ["d"], ["z"])
    layers = [nested("m", inner, on("x")), embedding("e", on("y"))]
    before = functional([ids("x"), ids("y"), *layers], ["m", "e"], ["x", "y"])
    fed = functional([source("z"), dense("d", on("z"))], ["d"], ["z"])
    after = functional(
        [ids("x"), ids("y"), nested("m", fed, on("x")), layers[1]], ["m", "e"], ["x", "y"]
    )
    assert rewrite(before, KERAS3) == GraphRewrite(after)


def test_a_custom_layer_gets_the_integers_that_it_gets_in_keras() -> None:
    own = Layer("a", "Mine", {}, (on("x"),), is_custom=True)
    assert rewrite(functional([ids(), own], ["a"]), KERAS3) is None
