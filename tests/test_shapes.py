from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from tests.models import dense, functional, identity, nested, on, sequential, source, weight
from tfjs_serve.graph import Call, Graph, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.spec import ExpectedWeight, ShapeError
from tfjs_serve.shapes import (
    HiddenShapeError,
    Shapes,
    call_shapes,
    custom_classes,
    expected_weights,
    graph_flow,
    output_shapes,
)

CHAIN = sequential(source("z"), dense("i", on("z"), units=3), name="m")
STATES = {"units": 2, "return_sequences": True, "return_state": True, "use_bias": True}
LSTM = Layer("l", "LSTM", STATES, (on("x"),))


def each(part: Layer) -> Layer:
    """Return a layer called on each step of x."""
    return Layer("t", "TimeDistributed", {}, (on("x"),), parts={"layer": part})


@pytest.mark.parametrize(
    ("layer", "inputs", "outputs"),
    [
        pytest.param(source(shape=(None, 2, 3)), [], [(None, 2, 3)], id="input"),
        pytest.param(dense("a", units=3), [(None, 5)], [(None, 3)], id="dense"),
        pytest.param(dense("a", units=3), [(8, 2, 5)], [(8, 2, 3)], id="dense, fixed batch"),
        pytest.param(LSTM, [(None, 7, 4)], [(None, 7, 2), (None, 2), (None, 2)], id="states"),
        pytest.param(nested("n", CHAIN), [(None, 4)], [(None, 3)], id="model"),
        pytest.param(nested("n", CHAIN), [(None, 9, 4)], [(None, 9, 3)], id="with another rank"),
        pytest.param(each(nested("n", CHAIN)), [(2, None, 4)], [(2, None, 3)], id="on each step"),
        pytest.param(
            nested(
                "n",
                functional(
                    [source(), LSTM, source("y")],
                    [TensorRef("l", 0, 2), "y", "l"],
                    ["y", "x"],
                ),
            ),
            [(None, 1), (None, 7, 4)],
            [(None, 2), (None, 1), (None, 7, 2)],
            id="model of several inputs and outputs",
        ),
    ],
)
def test_call_shapes(layer: Layer, inputs: Sequence[Shape], outputs: Sequence[Shape]) -> None:
    assert call_shapes(layer, inputs) == tuple(outputs)


@pytest.mark.parametrize(
    ("layer", "inputs", "why"),
    [
        pytest.param(source(), [(None, 4)], "called with 1 inputs", id="input of an input"),
        pytest.param(dense("a"), [], "called with 0 inputs", id="none"),
        pytest.param(dense("a"), [(None, 4), (None, 4)], "called with 2 inputs", id="two"),
        pytest.param(nested("n", CHAIN), [], "called with 0 inputs, not 1", id="model, none"),
        pytest.param(
            each(nested("n", CHAIN)),
            [(None, 4)],
            "needs input of rank 3 or more with the batch axis, got (None, 4)",
            id="no steps",
        ),
        pytest.param(
            each(nested("n", functional([source(), LSTM], ["l", TensorRef("l", 0, 1)]))),
            [(None, 5, 7, 4)],
            "needs one output on each step, got 2",
            id="two outputs on each step",
        ),
        pytest.param(
            each(nested("n", CHAIN)),
            [(None, 3, 4), (None, 3, 4)],
            "called with 2 inputs",
            id="two inputs on each step",
        ),
        pytest.param(
            nested(
                "n", functional([source(), identity("a", on("b")), identity("b", on("a"))], ["a"])
            ),
            [(None, 4)],
            "the calls of its layers go round in a circle",
            id="circle",
        ),
    ],
)
def test_calls_that_cannot_be(layer: Layer, inputs: Sequence[Shape], why: str) -> None:
    with pytest.raises(ShapeError) as error:
        call_shapes(layer, inputs)
    assert str(error.value) == why


def test_flow_follows_the_calls_whatever_the_order_of_layers() -> None:
    graph = functional(
        [
            Layer("c", "Concatenate", {"axis": 1}, (on("a", TensorRef("a", 1)),)),
            dense("a", on("x"), on("a"), units=4),
            source(),
        ],
        ["c"],
    )
    assert graph_flow(graph) == {
        ("x", 0): ((None, 4),),
        ("a", 0): ((None, 4),),
        ("a", 1): ((None, 4),),
        ("c", 0): ((None, 8),),
    }


def kernel(*shape: int) -> ExpectedWeight:
    return ExpectedWeight("kernel", shape)


def bias(*shape: int) -> ExpectedWeight:
    return ExpectedWeight("bias", shape)


@pytest.mark.parametrize(
    ("graph", "expected"),
    [
        pytest.param(functional([source(), identity("a", on("x"))], ["a"]), [], id="none"),
        pytest.param(
            functional([source(), dense("a", on("x"), on("a"))], [TensorRef("a", 1)]),
            [("a/kernel", kernel(4, 4)), ("a/bias", bias(4))],
            id="shared layer, once",
        ),
        pytest.param(
            functional([source(), nested("n", CHAIN, on("x"))], ["n"]),
            [("i/kernel", kernel(4, 3)), ("i/bias", bias(3))],
            id="nested model",
        ),
        pytest.param(
            functional([source(shape=(None, None, 4)), each(nested("n", CHAIN))], ["t"]),
            [("i/kernel", kernel(4, 3)), ("i/bias", bias(3))],
            id="model on each step",
        ),
        pytest.param(
            functional([source(), dense("a", on("x")), dense("dead", on("a"))], ["a"]),
            [("a/kernel", kernel(4, 4)), ("a/bias", bias(4))],
            id="layer that leads nowhere",
        ),
        pytest.param(
            functional([source(), nested("n", CHAIN, on("x")), dense("a", on("x"))], ["a"]),
            [("a/kernel", kernel(4, 4)), ("a/bias", bias(4))],
            id="model that leads nowhere",
        ),
        pytest.param(
            functional(
                [source(), dense("a", on("b"), on("x")), dense("b", on("x"))], [TensorRef("a", 1)]
            ),
            [("a/kernel", kernel(4, 4)), ("a/bias", bias(4))],
            id="only one call leads anywhere",
        ),
        pytest.param(
            functional(
                [source(), source("y", (None, 5)), dense("a", on("x"), on("y"))],
                ["a", TensorRef("a", 1)],
                ["x", "y"],
            ),
            [
                *(("a/kernel", kernel(4, 4)), ("a/bias", bias(4))),
                ("a/kernel", kernel(5, 4)),
            ],
            id="calls that ask for different ones",
        ),
    ],
)
def test_expected_weights(graph: Graph, expected: list[tuple[str, ExpectedWeight]]) -> None:
    assert list(expected_weights(graph, graph_flow(graph))) == expected


def custom(name: str, *calls: Call, told: Sequence[Shape | None]) -> Layer:
    """Return a layer of a class that the page registers, with what the file tells of each call."""
    made = tuple(replace(call, shapes=(shape,)) for call, shape in zip(calls, told, strict=True))
    return Layer(name, "Mine", {}, made, (weight("w", (2, 3)),), is_custom=True)


def test_a_custom_layer_has_the_shapes_and_weights_of_the_file() -> None:
    own = custom("a", on("x"), on("b"), told=[(None, 7), None])
    graph = functional([source(), own, dense("b", on("a"))], [TensorRef("a", 1)])
    flow = graph_flow(graph)
    assert (flow["a", 0], flow["b", 0], flow["a", 1]) == (((None, 7),), ((None, 4),), (None,))
    assert list(expected_weights(graph, graph_flow(graph))) == [
        ("a/w", ExpectedWeight("w", (2, 3))),
        ("b/kernel", kernel(7, 4)),
        ("b/bias", bias(4)),
    ]
    assert custom_classes(graph) == ("Mine",)
    assert custom_classes(functional([source()], ["x"])) == ()


def test_what_tfjs_does_not_have_makes_nothing_known() -> None:
    with pytest.raises(HiddenShapeError):
        output_shapes(Layer("a", "MultiHeadAttention", {}, (on("x"),)), [(None, 3, 4)])


def test_nothing_of_tfjs_takes_an_input_without_a_shape() -> None:
    with pytest.raises(HiddenShapeError):
        output_shapes(dense("a", on("x")), [None])
    assert output_shapes(custom("a", on("x"), told=[None]), [None]) == (None,)
    with pytest.raises(HiddenShapeError):
        call_shapes(custom("a", on("x"), told=[None]), [(None, 4)])


@pytest.mark.parametrize(
    ("shape", "expected"), [((None, 4), (None, 7)), ((2, 4), (None, 7)), ((None, 5), None)]
)
def test_what_the_file_tells_of_a_nested_model_holds_for_its_own_input(
    shape: Shape, expected: Shape | None
) -> None:
    inner = sequential(source("z"), custom("a", on("z"), told=[(None, 7)]), name="m")
    assert output_shapes(nested("m", inner, on("x")), [shape]) == (expected,)


@pytest.mark.parametrize(
    ("told", "inputs", "expected"),
    [
        pytest.param([(None, 7)], [(None, 4)], ((None, 7),), id="what the file tells"),
        pytest.param([None], [(None, 4), (None, 5)], ((None, 4),), id="the first input"),
        pytest.param([(None, 7), None], [(None, 4)], ((None, 7), (None, 4)), id="each output"),
        pytest.param([None], [None], (None,), id="hidden before"),
    ],
)
def test_a_class_that_keeps_the_shape_fills_in_what_the_file_does_not_tell(
    told: Sequence[Shape | None], inputs: Sequence[Shape | None], expected: Shapes
) -> None:
    call = replace(on("x"), shapes=tuple(told))
    layer = Layer("a", "Mine", {}, (call,), is_custom=True, keeps_shape=True)
    assert output_shapes(layer, inputs) == expected


def test_a_class_that_keeps_the_shape_keeps_it_in_a_model_called_on_another() -> None:
    own = replace(custom("a", on("z"), told=[(None, 4)]), keeps_shape=True)
    model = nested("m", sequential(source("z"), own, name="m"), on("x"))
    assert output_shapes(model, [(None, 5)]) == ((None, 5),)


def test_a_custom_class_on_each_step_may_hide_its_shape() -> None:
    inner = functional([source(), custom("a", on("x"), told=[None])], ["a"])
    assert output_shapes(each(nested("n", inner)), [(None, None, 4)]) == (None,)
    told = functional([source(), custom("a", on("x"), told=[(None, 2)])], ["a"])
    assert output_shapes(each(nested("n", told)), [(None, None, 4)]) == ((None, None, 2),)
