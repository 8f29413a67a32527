from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS2, dense, functional, on, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef, Value
from tfjs_serve.lowering.asked import OWN_LENGTH
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.own_lengths import rewrite

N = TensorRef("n")


def function(name: str, path: str, x: str, **kwargs: Any) -> Layer:
    return Layer(name, "TFOpLambda", {"function": path}, (Call((TensorRef(x),), kwargs),))


def model(
    *target: Value, x: str = "d", of: str = "x", axis: Value = 1, shape: str = "compat.v1.shape"
) -> Graph:
    layers = (
        *(source("x"), source("other"), dense("d", on("x")), dense("e", on("d"))),
        Layer("rnn", "LSTM", {}, (on("x"),)),
        function("s", shape, of),
        function("n", "__operators__.getitem", "s", slice_spec=axis),
        function("a", "reshape", x, shape=target),
    )
    return functional(layers, ["a"], ["x", "other"])


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(functional([source(), dense("a", on("x"))], ["a"]), id="nothing reshaped"),
        pytest.param(model(-1, N, 2, of="other"), id="of another tensor"),
        pytest.param(model(-1, N, 2, x="rnn"), id="behind a layer that may shorten"),
        pytest.param(model(-1, N, 2, axis=2), id="of another axis"),
        pytest.param(model(-1, N, 2, shape="math.square"), id="of no shape"),
        pytest.param(model(-1, N, N), id="two lengths"),
        pytest.param(model(-1, 3, 2), id="no length"),
        pytest.param(model(-1, TensorRef("s"), 2), id="a whole shape"),
        pytest.param(model(N, -1, 2), id="in the place of the batch"),
    ],
)
def test_nothing_to_do(graph: Graph) -> None:
    assert rewrite(graph, KERAS2) is None


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(-1, N, 2, 4, x="x"), id="of the tensor"),
        pytest.param(model(-1, N, 2, 4), id="of what it was made of"),
        pytest.param(model(-1, N, 2, 4, of="e"), id="of what is made of it"),
        pytest.param(model(-1, 2, N, 4), id="in another place"),
    ],
)
def test_a_length_of_its_own_is_marked(graph: Graph) -> None:
    made = rewrite(graph, KERAS2)
    assert isinstance(made, GraphRewrite)
    *others, last = made.graph.layers
    assert tuple(others) == graph.layers[:-1]
    assert last.config == {"function": "reshape", OWN_LENGTH: True}
    assert last.calls == graph.layers[-1].calls
