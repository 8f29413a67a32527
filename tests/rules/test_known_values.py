from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS2, X, functional, layer, nested, on, shaped, source
from tests.rules.numbers import op
from tfjs_serve.errors import ConversionError
from tfjs_serve.graph import Call, Graph, Layer, Slice, TensorRef, UnknownLength, Value
from tfjs_serve.rewriting.rule import Known, Refusal
from tfjs_serve.rules import translate_model
from tfjs_serve.rules.known_values import rewrite

BATCH, SOME = UnknownLength(is_batch=True), UnknownLength()


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Reshape"), id="a layer"),
        pytest.param(op("Add", X, 1), id="a tensor"),
        pytest.param(op("Erf", 1.0), id="a function of no shapes"),
        pytest.param(op("Add", BATCH, 1), id="the batch and one more"),
        pytest.param(op("Multiply", BATCH, 2), id="more than the batch"),
        pytest.param(op("Add", SOME, 1), id="an unknown length and one more"),
        pytest.param(op("TrueDivide", SOME, 2), id="half an unknown length"),
        pytest.param(op("Prod", (BATCH, 2), axis=0), id="all elements"),
        pytest.param(op("GetItem", (BATCH, 2), 2), id="no such axis"),
        pytest.param(op("Cast", SOME, dtype="float32"), id="an unknown float"),
        pytest.param(op("Cast", 0.1, dtype="float16"), id="a float that rounds"),
        pytest.param(op("Cast", (2.5, 1.0), dtype="int32"), id="fractions cut off a row"),
    ],
)
def test_nothing_is_known(before: Layer) -> None:
    assert rewrite(before, shaped((None, 3))) is None


@pytest.mark.parametrize(
    ("before", "value"),
    [
        pytest.param(op("Shape", X), (BATCH, 3, SOME, 5), id="shape"),
        pytest.param(op("Rank", X), 4, id="rank"),
        pytest.param(op("GetItem", (BATCH, 3, 5), -1), 5, id="item"),
        pytest.param(op("GetItem", (BATCH, 3), (0,)), BATCH, id="item of a tuple"),
        pytest.param(op("GetItem", (BATCH, 3, 5), Slice(1)), (3, 5), id="slice"),
        pytest.param(op("Stack", (BATCH, 6), axis=0), (BATCH, 6), id="stack"),
        pytest.param(op("Concatenate", ((BATCH,), (3, -1)), axis=0), (BATCH, 3, -1), id="concat"),
        pytest.param(op("Prod", (3, 5), axis=None), 15, id="product"),
        pytest.param(op("Prod", (SOME, 5), axis=None), SOME, id="unknown product"),
        pytest.param(op("Multiply", 3, 5), 15, id="multiple"),
        pytest.param(op("Multiply", SOME, 5), SOME, id="unknown multiple"),
        pytest.param(op("FloorDivide", 7, 2), 3, id="half"),
        pytest.param(op("Cast", 4, dtype="float32"), 4.0, id="cast"),
        pytest.param(op("Cast", SOME, dtype="int64"), SOME, id="cast of a length"),
        pytest.param(op("Sqrt", 16.0), 4.0, id="root"),
        pytest.param(op("Subtract", (3.0, 5.0), 1.0), (2.0, 4.0), id="of several numbers"),
        pytest.param(op("ExpandDims", 4, axis=0), (4,), id="a row of one"),
    ],
)
def test_values(before: Layer, value: Value) -> None:
    inputs = before.calls[0].inputs
    assert rewrite(before, shaped(*[(None, 3, None, 5) for _ in inputs])) == Known(value)


def test_the_number_of_samples_is_refused() -> None:
    result = rewrite(op("Size", X), shaped((None, 3)))
    assert isinstance(result, Refusal)
    assert result.reasons[0].why == (
        "needs the number of samples, which is known when the model runs"
    )


def function(name: str, path: str, *args: Value, **kwargs: Any) -> Layer:
    return Layer(name, "TFOpLambda", {"function": path}, (Call(args, kwargs),))


def item(name: str, place: int) -> Layer:
    call = Call((TensorRef("s"),), {"slice_spec": place})
    return Layer(name, "SlicingOpLambda", {"function": "__operators__.getitem"}, (call,))


def model(shape: tuple[int | None, ...], *target: Value, output: str = "r") -> Graph:
    """Return x reshaped to lengths that are b, n and last of its own shape, and numbers."""
    return functional(
        [
            source("x", shape),
            function("s", "compat.v1.shape", TensorRef("x"), out_type="int32"),
            *(item("b", 0), item("n", 1), item("last", -1)),
            function("n2", "math.multiply", TensorRef("n"), y=2),
            function("r", "reshape", TensorRef("x"), shape=target),
        ],
        [output],
    )


B, N, N2, LAST = (TensorRef(name) for name in ("b", "n", "n2", "last"))


@pytest.mark.parametrize(
    ("shape", "target", "expected"),
    [
        pytest.param((None, 4, 6), (B, 24), [24], id="flat"),
        pytest.param((None, 4, 6), (B, -1, 3), [8, 3], id="the rest"),
        pytest.param((None, 4, 6), (B, N2, 3), [8, 3], id="a multiple"),
        pytest.param((None, None, 6), (B, N, 2, 3), [-1, 2, 3], id="unknown"),
        pytest.param((None, None, 6), (B, N2, 3), [-1, 3], id="unknown multiple"),
    ],
)
def test_shapes_are_no_layers(shape: Any, target: Any, expected: list[int]) -> None:
    made = translate_model(model(shape, *target), KERAS2).graph
    assert [found.name for found in made.layers] == ["x", "r"]
    assert made.layers[1].config["target_shape"] == expected


@pytest.mark.parametrize(
    ("graph", "why"),
    [
        pytest.param(model((None, 4, 6), N, B, 6), "not known to keep the batch", id="turned"),
        pytest.param(model((None, None, 6), N, B, 6), "not known to keep", id="turned, unknown"),
        pytest.param(model((None, None, 6), -1, N, LAST), "not known to keep", id="inferred"),
        pytest.param(model((None, 4, 6), -1, 6), "not known to keep the batch", id="merged"),
        pytest.param(model((None, 4, 6), B, 24, output="s"), "is an output of the model", id="out"),
    ],
)
def test_what_is_no_tensor_of_samples_is_refused(graph: Graph, why: str) -> None:
    with pytest.raises(ConversionError, match=why):
        translate_model(graph, KERAS2)


def test_shapes_inside_a_nested_model() -> None:
    inner = model((None, 4, 6), B, 24)
    outer = functional([source("z", (None, 4, 6)), nested("m", inner, on("z"))], ["m"], ["z"])
    made = translate_model(outer, KERAS2).graph
    assert made.layers[1].graph is not None
    assert [found.name for found in made.layers[1].graph.layers] == ["x", "r"]


def test_each_call_of_a_layer_has_a_shape_of_its_own() -> None:
    shapes = Layer(
        "s",
        "TFOpLambda",
        {"function": "compat.v1.shape"},
        (Call((TensorRef("x"),)), Call((TensorRef("y"),))),
    )
    graph = functional(
        [
            source("x", (None, 4, 6)),
            source("y", (None, 6, 5)),
            shapes,
            function("a", "reshape", TensorRef("x"), shape=TensorRef("s", 0)),
            function("rows", "__operators__.getitem", TensorRef("s", 1), slice_spec=2),
            function("b", "reshape", TensorRef("y"), shape=(-1, 6, TensorRef("rows"))),
        ],
        ["a", "b"],
        ["x", "y"],
    )
    made = translate_model(graph, KERAS2).graph
    targets = [found.config.get("target_shape") for found in made.layers]
    assert targets == [None, None, [4, 6], [6, 5]]
