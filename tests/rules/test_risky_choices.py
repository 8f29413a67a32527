from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, on, source
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.risky_choices import rewrite

X, A = TensorRef("x"), TensorRef("a")
WHERE = Layer("w", "keras.ops.Where", {}, (Call((X, A, 0.5)),))


def named(class_name: str, name: str = "a", **config: Any) -> Layer:
    return replace(layer(class_name, **config), name=name, calls=(on("x"),))


@pytest.mark.parametrize(
    "layers",
    [
        pytest.param([named("keras.ops.Log")], id="no choice"),
        pytest.param([named("Dense", units=1), WHERE], id="finite"),
        pytest.param(
            [named("keras.ops.Log"), replace(WHERE, calls=(Call((A, X, X)),))], id="condition"
        ),
    ],
)
def test_choices_that_products_make(layers: list[Layer]) -> None:
    assert rewrite(functional([source(), *layers], [layers[-1].name]), KERAS3) is None


@pytest.mark.parametrize(
    "maker",
    [
        named("keras.ops.Log"),
        named("keras.ops.TrueDivide"),
        named("TFOpLambda", function="math.pow"),
        named("Activation", activation="exponential"),
        replace(named("Mine"), is_custom=True),
    ],
    ids=lambda maker: maker.class_name,
)
def test_what_may_not_be_finite_is_marked(maker: Layer) -> None:
    between = Layer("b", "keras.ops.Add", {}, (Call((A, 1)),))
    choice = replace(WHERE, calls=(Call((X, TensorRef("b"), 0.5)),))
    found = rewrite(functional([source(), maker, between, choice], ["w"]), KERAS3)
    assert isinstance(found, GraphRewrite)
    assert found.graph.layer("w") == replace(choice, config={"select": True})


def test_keras_2_names_the_values() -> None:
    old = Layer("w", "TFOpLambda", {"function": "where"}, (Call((X,), {"x": A, "y": 0.5}),))
    graph = functional([source(), named("TFOpLambda", function="math.log"), old], ["w"])
    found = rewrite(graph, KERAS2)
    assert isinstance(found, GraphRewrite)
    assert found.graph.layer("w") == replace(WHERE, config={"select": True})
