from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, nested, on, source
from tfjs_serve.errors import Reason
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, GraphRewrite, Refusal
from tfjs_serve.rules.whole_numbers import rewrite

WHY = "not supported yet: called with integers, with which Keras {} computes in {}"


def ids(name: str = "x", dtype: str = "int32") -> Layer:
    return source(name, dtype=dtype)


def plain(class_name: str, name: str, *calls: Call, **config: Any) -> Layer:
    return Layer(name, class_name, config, calls)


def function(path: str, name: str, x: str, **kwargs: Any) -> Layer:
    return Layer(name, "TFOpLambda", {"function": path}, (Call((TensorRef(x),), kwargs),))


def op(class_name: str, name: str, *xs: str, **config: Any) -> Layer:
    call = Call(tuple(TensorRef(x) for x in xs))
    return Layer(name, f"keras.ops.{class_name}", config, (call,))


def ending(*layers: Layer) -> Graph:
    inputs = [layer.name for layer in layers if layer.class_name == "InputLayer"]
    return functional(layers, [layers[-1].name], inputs)


@pytest.mark.parametrize(
    ("graph", "context"),
    [
        pytest.param(ending(source(), op("Cast", "a", "x", dtype="int32")), KERAS3, id="floats"),
        pytest.param(ending(ids(), op("Cast", "a", "x", dtype="float32")), KERAS3, id="to floats"),
        pytest.param(ending(ids(), op("Cast", "a", "x", dtype="uint8")), KERAS3, id="to 8 bits"),
        pytest.param(
            ending(ids(), op("TrueDivide", "d", "x"), op("Cast", "a", "d", dtype="int32")),
            KERAS3,
            id="divided",
        ),
        pytest.param(
            ending(ids(), plain("GlobalAveragePooling1D", "a", on("x"))), KERAS3, id="mean of 3"
        ),
        pytest.param(
            ending(ids(), plain("LayerNormalization", "a", on("x"))), KERAS2, id="norm of 2"
        ),
        pytest.param(ending(ids(), op("Average", "a", "x")), KERAS3, id="mean of an operation"),
        pytest.param(
            ending(ids("x"), source("y"), plain("Average", "a", on("x", "y"))), KERAS3, id="mixed"
        ),
        pytest.param(ending(ids(), op("Add", "a", "x", "x")), KERAS3, id="sum of wide integers"),
        pytest.param(
            ending(ids(dtype="uint8"), op("TrueDivide", "a", "x")), KERAS3, id="pixels divided"
        ),
    ],
)
def test_nothing_to_mark_or_refuse(graph: Graph, context: Context) -> None:
    assert rewrite(graph, context) is None


def marked(graph: Graph) -> Graph:
    *others, last = graph.layers
    whole = replace(last, config={**last.config, "whole": True})
    return replace(graph, layers=(*others, whole))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(ending(ids(), op("Cast", "a", "x", dtype="int64")), id="integers"),
        pytest.param(ending(ids(dtype="bool"), op("Cast", "a", "x", dtype="uint8")), id="truth"),
        pytest.param(
            ending(source(), op("Greater", "g", "x"), op("Cast", "a", "g", dtype="int32")),
            id="a comparison",
        ),
        pytest.param(
            ending(source(), op("Argmax", "m", "x"), op("OneHot", "a", "m")), id="a place"
        ),
        pytest.param(
            ending(ids(), plain("Reshape", "r", on("x")), op("OneHot", "a", "r")), id="moved"
        ),
        pytest.param(
            ending(
                source(), function("cast", "c", "x", dtype="int32"), function("one_hot", "a", "c")
            ),
            id="functions of TensorFlow",
        ),
        pytest.param(
            ending(
                source(),
                replace(op("TopK", "t", "x")),
                Layer("a", "keras.ops.OneHot", {}, (Call((TensorRef("t", 0, 1),)),)),
            ),
            id="one output of two",
        ),
    ],
)
def test_what_is_exact_is_marked(graph: Graph) -> None:
    assert rewrite(graph, KERAS3) == GraphRewrite(marked(graph))


def test_in_nested_models_too() -> None:
    inner = functional([ids("z"), op("OneHot", "a", "z")], ["a"], ["z"])
    before = functional([ids(), nested("m", inner, on("x"))], ["m"])
    after = functional([ids(), nested("m", marked(inner), on("x"))], ["m"])
    assert rewrite(before, KERAS3) == GraphRewrite(after)


@pytest.mark.parametrize(
    ("layer", "context", "what"),
    [
        (plain("GlobalAveragePooling1D", "a", on("x")), KERAS2, "integers"),
        (plain("GlobalAveragePooling2D", "a", on("x")), KERAS2, "integers"),
        (plain("LayerNormalization", "a", on("x")), KERAS3, "integers"),
        (plain("ReLU", "a", on("x")), KERAS2, "integers"),
        (plain("Average", "a", on("x", "x")), KERAS3, "integers"),
        (op("RMSNorm", "a", "x"), KERAS3, "integers"),
        (
            Layer("a", "TimeDistributed", {}, (on("x"),), parts={"layer": plain("ReLU", "r")}),
            KERAS3,
            "integers",
        ),
    ],
)
def test_what_loses_fractions_is_refused(layer: Layer, context: Context, what: str) -> None:
    why = WHY.format(context.generation, what)
    refusal = Refusal((Reason(why, "a", layer.class_name),))
    assert rewrite(ending(ids(), layer), context) == refusal
    assert rewrite(functional([layer, ids()], ["a"]), context) == refusal
    between = [plain("Flatten", "x", on("y")), layer]
    assert rewrite(functional([ids("y"), *between], ["a"], ["y"]), context) == refusal


@pytest.mark.parametrize(
    ("layer", "context"),
    [
        (plain("Add", "a", on("x", "x")), KERAS3),
        (op("Subtract", "a", "x", "x"), KERAS3),
        (function("math.reduce_sum", "a", "x"), KERAS2),
    ],
)
def test_what_may_overflow_is_refused(layer: Layer, context: Context) -> None:
    why = WHY.format(context.generation, "8 or 16 bits")
    refusal = Refusal((Reason(why, "a", layer.class_name),))
    assert rewrite(ending(ids(dtype="uint8"), layer), context) == refusal


@pytest.mark.parametrize("name", ["Diff", "FullLike"])
def test_what_makes_truth_values_of_them_is_refused(name: str) -> None:
    layer = op(name, "a", "x")
    refusal = Refusal((Reason(WHY.format(3, "booleans"), "a", layer.class_name),))
    assert rewrite(ending(ids(dtype="bool"), layer), KERAS3) == refusal
