from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, dense, functional, identity, layer, nested, on, shaped, source
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules import translate_model
from tfjs_serve.rules.time_steps import rewrite
from tfjs_serve.topology import part_config

SEEN = shaped((None, None, 3, 4))
INNER = functional((source("i"), dense("d", on("i"))), ["d"], ["i"])
MODEL = replace(nested("inner", INNER), calls=())
CONV: dict[str, Any] = {"filters": 2, "kernel_size": [3, 3], "activation": "relu"}
LSTM = Layer("lstm", "LSTM", {"units": 2, "trainable": False})


def each(part: Layer, **config: Any) -> Layer:
    return Layer("t", "TimeDistributed", config, (on("x"),), parts={"layer": part})


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(layer("TimeDistributed"), id="nothing inside"),
        pytest.param(each(replace(layer("Conv2D", **CONV), calls=())), id="tfjs loops over it"),
        pytest.param(each(MODEL), id="a model"),
    ],
)
def test_nothing_to_put_into_a_model(before: Layer) -> None:
    assert rewrite(before, SEEN) is None


def test_a_hidden_shape_is_refused_elsewhere() -> None:
    assert rewrite(each(LSTM), shaped(None)) is None


@pytest.mark.parametrize("calls", [(), (Call(shapes=((None, 2),)),)])
def test_a_layer_gets_a_model_of_its_own(calls: tuple[Call, ...]) -> None:
    part = replace(LSTM, calls=calls)
    inside = replace(part, calls=(on("lstm__x"),))
    given = Layer("lstm__x", "InputLayer", {"shape": (None, 3, 4), "dtype": "float32"}, (Call(),))
    ends = (TensorRef("lstm__x"),), (TensorRef("lstm"),)
    graph = Graph("lstm", GraphKind.FUNCTIONAL, (given, inside), *ends)
    model = Layer("lstm", "Functional", {"trainable": False}, calls, graph=graph)
    before = each(part, trainable=True)
    result = rewrite(before, SEEN)
    assert result == Rewrite(replace(before, parts={"layer": model}))
    assert isinstance(result, Rewrite)
    found = result.layer.parts["layer"].graph
    assert found is not None
    # What the file tells of shapes is a remark, which `==` leaves out.
    assert found.layer("lstm").calls[0].shapes == (calls[0].shapes if calls else ())


def test_what_takes_several_layers_of_tfjs_is_a_model_on_each_step() -> None:
    padding = Layer("pad", "ZeroPadding1D", {"padding": [1, 0]})
    graph = functional((source(shape=(None, None, 3, 4)), each(padding)), ["t"])
    found = translate_model(graph, KERAS3).graph.layer("t")
    inner = found.parts["layer"]
    assert (found.class_name, inner.class_name) == ("TimeDistributed", "Functional")
    assert inner.graph is not None
    assert [item.class_name for item in inner.graph.layers] == [
        *("InputLayer", "Reshape", "ZeroPadding2D", "Reshape"),
    ]


def test_layers_inside_are_called_like_none_outside() -> None:
    pair = functional((source("i"), identity("d", on("i"))), ["d"], ["i"])
    part = replace(nested("inner", pair), calls=())
    outside = identity("d", on("x"))
    graph = functional((source(shape=(None, None, 4)), outside, each(part)), ["t", "d"])
    found = translate_model(graph, KERAS3).graph.layer("t").parts["layer"]
    assert [item["name"] for item in part_config(found)["config"]["layers"]] == ["i", "d_t1"]
