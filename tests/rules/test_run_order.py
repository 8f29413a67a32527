from __future__ import annotations

import pytest

from tests.models import functional, identity, on, source
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering.inlining import inlined_order
from tfjs_serve.lowering.run_order import Order, run_order

Y = TensorRef("y")


def add(name: str, *tensors: TensorRef | str) -> Layer:
    return Layer(name, "Add", {}, (on(*tensors),))


# The expected orders are those of `model._nodes_by_depth` in Keras 3.15.
@pytest.mark.parametrize(
    ("layers", "outputs", "expected"),
    [
        pytest.param([], ["x"], [("x", 0)], id="an input"),
        pytest.param(
            [identity("b", on("a")), identity("a", on("x"))],
            ["b"],
            [("x", 0), ("a", 0), ("b", 0)],
            id="a chain, listed the other way round",
        ),
        pytest.param(
            [identity("a", on("x")), add("b", "x", "a")],
            ["b"],
            [("x", 0), ("a", 0), ("b", 0)],
            id="by depth",
        ),
        pytest.param(
            [identity("a", on("x")), identity("b", on("x")), add("c", "a", "b")],
            ["c"],
            [("x", 0), ("a", 0), ("b", 0), ("c", 0)],
            id="side by side, as the last one names them",
        ),
        pytest.param(
            [identity("a", on("x")), identity("b", on("x"))],
            ["a", "b"],
            [("x", 0), ("b", 0), ("a", 0)],
            id="of several outputs, the last one first",
        ),
        pytest.param(
            [
                identity("a", on("x")),
                identity("b", on("x")),
                Layer("c", "M", {}, (Call((), {"v": TensorRef("a"), "k": TensorRef("b")}),)),
            ],
            ["c"],
            [("x", 0), ("b", 0), ("a", 0), ("c", 0)],
            id="named tensors, in order of their names",
        ),
        pytest.param(
            [identity("a", on("x"), on("b")), identity("b", on("a"))],
            [TensorRef("a", 1)],
            [("x", 0), ("a", 0), ("b", 0), ("a", 1)],
            id="a shared layer",
        ),
        pytest.param(
            [identity("a", on("x")), identity("b", on("a"))],
            ["a"],
            [("x", 0), ("a", 0), ("b", 0)],
            id="what no output depends on comes last",
        ),
        pytest.param(
            [identity("a", on("b")), identity("b", on("a"))],
            ["b"],
            [("b", 0), ("a", 0), ("x", 0)],
            id="a circle ends, too",
        ),
    ],
)
def test_calls_in_the_order_of_keras(
    layers: list[Layer], outputs: list[TensorRef | str], expected: list[tuple[str, int]]
) -> None:
    found = run_order(functional([source(), *layers], outputs))
    assert list(found) == expected


def test_a_model_runs_as_a_whole_where_it_is_called() -> None:
    inner = functional((source("i"), identity("d", on("i")), identity("e", on("d"))), ["e"], ["i"])
    model = Layer("n", "Functional", {}, (on("x"), on("a", mask=TensorRef("m"))), graph=inner)
    graph = functional(
        (source(), source("m"), model, identity("a", on("n"))), [TensorRef("n", 1)], ["x", "m"]
    )
    order: Order = (("x", 0), ("m", 0), ("n", 0), ("a", 0), ("n", 1))
    assert inlined_order(graph, ["n"], order) == (
        *(("x", 0), ("m", 0), ("d", 0), ("e", 0), ("a", 0)),
        *(("n__input_0_1", 0), ("d", 1), ("e", 1)),
    )
