from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, dense, functional, layer, nested, on, refused, shaped, source
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules import translate_model
from tfjs_serve.rules.time_steps import rewrite

SEEN = shaped((None, 2, 4))
INNER = functional((source("i"), dense("d", on("i"))), ["d"], ["i"])
MODEL = replace(nested("inner", INNER), calls=())
CONV: dict[str, Any] = {"filters": 2, "kernel_size": [3, 3], "activation": "relu"}


def each(part: Layer, **config: Any) -> Layer:
    return Layer("t", "TimeDistributed", config, (on("x"),), parts={"layer": part})


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(layer("TimeDistributed"), id="nothing inside"),
        pytest.param(each(replace(layer("Conv2D", **CONV), calls=())), id="tfjs loops over it"),
    ],
)
def test_nothing_to_call_step_by_step(before: Layer) -> None:
    assert rewrite(before, SEEN) is None


def test_an_unknown_number_of_steps_is_refused() -> None:
    why = "not supported yet: a Functional on each of an unknown number of steps, (None, None, 4)"
    assert rewrite(each(MODEL), shaped((None, None, 4))) == refused(each(MODEL), why)


def test_the_model_is_called_on_each_step() -> None:
    result = rewrite(each(MODEL, trainable=False), SEEN)
    assert isinstance(result, Lowering)
    (model,) = result.layers
    assert (model.name, model.class_name, model.calls) == ("t", "Functional", (on("x"),))
    assert model.config == {"trainable": False}
    assert result.outputs == (TensorRef("t"),)
    assert model.graph is not None
    assert [(item.name, item.class_name, item.calls) for item in model.graph.layers] == [
        ("t__x", "InputLayer", (Call(),)),
        ("t__frame", "Reshape", (on("t__x"),)),
        ("t__cut_0", "Cropping2D", (on("t__frame"),)),
        ("t__cut_1", "Cropping2D", (on("t__frame"),)),
        ("t__step", "Reshape", (on("t__cut_0"), on("t__cut_1"))),
        ("inner", "Functional", (on("t__step"), on(TensorRef("t__step", 1)))),
        ("t__row", "Reshape", (on("inner"), on(TensorRef("inner", 1)))),
        ("t__rows", "Concatenate", (on("t__row", TensorRef("t__row", 1)),)),
    ]
    cuts = [model.graph.layer(f"t__cut_{index}").config["cropping"] for index in range(2)]
    assert cuts == [((0, 1), (0, 0)), ((1, 0), (0, 0))]


def test_a_single_step_needs_no_joining() -> None:
    result = rewrite(each(MODEL), shaped((None, 1, 4)))
    assert isinstance(result, Lowering)
    (model,) = result.layers
    assert model.graph is not None
    assert model.graph.outputs == (TensorRef("t__row"),)


def test_what_takes_several_layers_of_tfjs_is_a_model_on_each_step() -> None:
    padding = Layer("pad", "ZeroPadding1D", {"padding": [1, 0]})
    graph = functional((source(shape=(None, 2, 3, 4)), each(padding)), ["t"])
    model = translate_model(graph, KERAS3).graph.layer("t")
    assert model.graph is not None
    inner = model.graph.layer("pad")
    assert (inner.class_name, len(inner.calls)) == ("Functional", 2)
    assert inner.graph is not None
    assert [item.class_name for item in inner.graph.layers] == [
        *("InputLayer", "Reshape", "ZeroPadding2D", "Reshape"),
    ]
