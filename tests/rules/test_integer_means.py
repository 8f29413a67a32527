from __future__ import annotations

import pytest

from tests.models import KERAS2, KERAS3, dense, functional, on, refused, source
from tfjs_serve.graph import Graph, Layer
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.integer_means import rewrite


def function(name: str, path: str, x: str) -> Layer:
    return Layer(name, "TFOpLambda", {"function": path}, (on(x),))


def model(*between: Layer, dtype: str = "int32") -> Graph:
    last = between[-1].name if between else "x"
    mean = function("mean", "math.reduce_mean", last)
    return functional([source(dtype=dtype), *between, mean], ["mean"])


@pytest.mark.parametrize(
    ("graph", "context"),
    [
        pytest.param(model(dtype="float32"), KERAS2, id="floats"),
        pytest.param(model(), KERAS3, id="Keras 3"),
        pytest.param(model(function("c", "cast", "x")), KERAS2, id="cast"),
        pytest.param(model(dense("d", on("x"))), KERAS2, id="a layer with weights"),
    ],
)
def test_means_of_floats(graph: Graph, context: Context) -> None:
    assert rewrite(graph, context) is None


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(), id="an input"),
        pytest.param(model(dtype="int64"), id="another dtype"),
        pytest.param(model(function("a", "math.add", "x")), id="a function between"),
        pytest.param(model(function("a", "pad", "x")), id="one that moves"),
        pytest.param(model(Layer("a", "Cropping1D", {}, (on("x"),))), id="a layer between"),
    ],
)
def test_means_of_integers_are_refused(graph: Graph) -> None:
    why = "not supported yet: math.reduce_mean of integers, which TensorFlow rounds down"
    assert rewrite(graph, KERAS2) == refused(graph.layers[-1], why)
