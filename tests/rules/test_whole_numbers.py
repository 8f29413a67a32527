from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, nested, on, source, weight
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
        pytest.param(
            ending(ids(), plain("Average", "a", on("x", "x"))), KERAS2, id="mean of a layer"
        ),
        pytest.param(
            ending(ids(), plain("ReLU", "a", on("x"), negative_slope=0.5, max_value=3.0)),
            KERAS3,
            id="rectified within integers",
        ),
        pytest.param(
            ending(
                ids(),
                replace(
                    plain("Embedding", "e", on("x")),
                    weights=(weight("embeddings"),),
                ),
                plain("LayerNormalization", "a", on("e")),
            ),
            KERAS3,
            id="a layer with weights makes floats",
        ),
        pytest.param(
            ending(ids(), plain("UpSampling2D", "a", on("x"), interpolation="nearest")),
            KERAS3,
            id="repeated",
        ),
        pytest.param(
            ending(ids(dtype="uint8"), op("Sum", "a", "x")), KERAS3, id="sums of Keras 3 are wide"
        ),
        pytest.param(
            ending(ids(dtype="uint8"), op("Clip", "a", "x")), KERAS3, id="within the bits"
        ),
        pytest.param(
            ending(
                ids(),
                op("OneHot", "a", "x", whole=True),
                plain("LayerNormalization", "n", on("a")),
            ),
            KERAS3,
            id="a row for each place is of floats",
        ),
        pytest.param(ending(ids(), op("FullLike", "a", "x")), KERAS3, id="filled with integers"),
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
        (plain("GlobalAveragePooling3D", "a", on("x")), KERAS2, "integers"),
        (plain("ReLU", "a", on("x"), max_value=2.5), KERAS2, "integers"),
        (plain("ReLU", "a", on("x"), threshold=2.5), KERAS3, "integers"),
        (plain("GroupNormalization", "a", on("x")), KERAS3, "integers"),
        (plain("RMSNormalization", "a", on("x")), KERAS3, "integers"),
        (plain("UpSampling2D", "a", on("x"), interpolation="bilinear"), KERAS3, "integers"),
        (op("Resize", "a", "x"), KERAS3, "integers"),
        (op("RGBToGrayscale", "a", "x"), KERAS3, "integers"),
        (Layer("a", "keras.ops.FullLike", {}, (Call((TensorRef("x"), 1.5)),)), KERAS3, "integers"),
        (
            Layer(
                "a",
                "SpectralNormalization",
                {},
                (on("x"),),
                parts={"layer": Layer("d", "Dense", weights=(weight("kernel"),))},
            ),
            KERAS3,
            "integers",
        ),
        (op("RMSNorm", "a", "x"), KERAS3, "integers"),
        (
            Layer(
                "a",
                "TimeDistributed",
                {},
                (on("x"),),
                parts={"layer": plain("LayerNormalization", "r")},
            ),
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
        (op("Cumsum", "a", "x"), KERAS3),
        (op("Power", "a", "x", "x"), KERAS3),
        (plain("Average", "a", on("x", "x")), KERAS2),
        (plain("ReLU", "a", on("x"), negative_slope=0.5), KERAS3),
        (op("Whatever", "a", "x"), KERAS3),
    ],
)
def test_what_may_overflow_is_refused(layer: Layer, context: Context) -> None:
    why = WHY.format(context.generation, "8 or 16 bits")
    refusal = Refusal((Reason(why, "a", layer.class_name),))
    assert rewrite(ending(ids(dtype="uint8"), layer), context) == refusal


def choice(*args: Any, **kwargs: Any) -> Layer:
    return Layer("w", "keras.ops.Where", {}, (Call(args, kwargs),))


NORM = plain("LayerNormalization", "n", on("w"))


@pytest.mark.parametrize(
    "between",
    [
        pytest.param([choice(TensorRef("f"), TensorRef("x"), 3)], id="a choice by floats"),
        pytest.param(
            [choice(condition=TensorRef("f"), x1=TensorRef("x"), x2=TensorRef("x"))], id="by name"
        ),
        pytest.param([op("Pad", "w", "x")], id="padded"),
        pytest.param([op("Clip", "w", "x")], id="clipped"),
        pytest.param([op("Whatever", "w", "x")], id="not known to make floats"),
        pytest.param([op("OneHot", "w", "x", dtype="int32", whole=True)], id="rows of integers"),
        pytest.param([op("Digitize", "w", "f")], id="counted of floats"),
        pytest.param([plain("UpSampling1D", "w", on("x"))], id="a layer that repeats"),
        pytest.param([plain("Activation", "w", on("x"), activation="relu")], id="rectified"),
        pytest.param(
            [plain("CategoryEncoding", "w", on("f"), dtype="int32")], id="a layer of integers"
        ),
        pytest.param(
            [Layer("w", "keras.ops.Take", {}, (Call((TensorRef("x"), TensorRef("f"))),))],
            id="taken by places",
        ),
        pytest.param(
            [
                Layer(
                    "w",
                    "TimeDistributed",
                    {},
                    (on("x"),),
                    parts={"layer": plain("Flatten", "r")},
                )
            ],
            id="a wrapper",
        ),
        pytest.param(
            [nested("w", functional([ids("z")], ["z"], ["z"]), on("f"))], id="a nested model"
        ),
    ],
)
def test_what_is_not_known_to_make_floats_hands_integers_on(between: list[Layer]) -> None:
    graph = functional([ids(), source("f"), *between, NORM], ["n"], ["x", "f"])
    reason = Reason(WHY.format(3, "integers"), "n", "LayerNormalization")
    assert rewrite(graph, KERAS3) == Refusal((reason,))


@pytest.mark.parametrize(
    "between",
    [
        pytest.param([choice(TensorRef("x"), TensorRef("f"), 3)], id="a choice of floats"),
        pytest.param([choice(TensorRef("x"), TensorRef("x"), 0.5)], id="or a literal"),
        pytest.param([op("Sqrt", "w", "x")], id="an operation that makes floats"),
        pytest.param([plain("Activation", "w", on("x"), activation="tanh")], id="curved"),
        pytest.param([plain("CategoryEncoding", "w", on("x"))], id="a layer that counts in floats"),
        pytest.param([replace(plain("Own", "w", on("x")), is_custom=True)], id="a custom layer"),
        pytest.param(
            [nested("w", functional([source("z")], ["z"], ["z"]), on("x"))],
            id="a nested model casts to its inputs",
        ),
    ],
)
def test_floats_are_not_refused(between: list[Layer]) -> None:
    graph = functional([ids(), source("f"), *between, NORM], ["n"], ["x", "f"])
    assert rewrite(graph, KERAS3) is None


@pytest.mark.parametrize("name", ["Diff", "Dot", "FullLike", "Matmul"])
def test_what_makes_truth_values_of_them_is_refused(name: str) -> None:
    layer = op(name, "a", "x")
    refusal = Refusal((Reason(WHY.format(3, "booleans"), "a", layer.class_name),))
    assert rewrite(ending(ids(dtype="bool"), layer), KERAS3) == refusal
