from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.front_ends.configs import (
    entry,
    functional,
    input2,
    input3,
    keras2,
    keras3,
    model,
    sequential,
)
from tests.models import on
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Call, Graph, GraphKind, Layer, TensorRef

KERAS2, KERAS3 = "2.15.0", "3.15.1"
FIELDS = {"trainable": True}
INPUT = Layer(
    "x",
    "InputLayer",
    {"dtype": "float32", "sparse": False, "ragged": False, "shape": (None, 4)},
    (Call(),),
)
SUBCLASSED = {"class_name": "MyModel", "config": {}}


def inner2(name: str = "inner") -> dict[str, Any]:
    found = functional([input2("z"), entry("Dense", "d", keras2("z"))], ("d", 0, 0), ("z", 0, 0))
    found["config"]["name"] = name
    return found


def test_functional_of_both_generations_is_one_graph() -> None:
    in_keras2 = functional(
        [input2(), entry("Dense", "a", keras2("x")), entry("Add", "b", keras2("x", "a"))],
        [["b", 0, 0]],
        [["x", 0, 0]],
    )
    in_keras3 = functional(
        [input3(), entry("Dense", "a", keras3("x")), entry("Add", "b", keras3("x", "a"))],
        ["b", 0, 0],
        ["x", 0, 0],
    )
    expected = Graph(
        "model",
        GraphKind.FUNCTIONAL,
        (
            INPUT,
            Layer("a", "Dense", FIELDS, (on("x"),)),
            Layer("b", "Add", FIELDS, (on("x", "a"),)),
        ),
        (TensorRef("x"),),
        (TensorRef("b"),),
    )
    assert read_graph(model(in_keras2, KERAS2)) == expected
    assert read_graph(model(in_keras3, KERAS3)) == expected


def test_dict_inputs_and_outputs_are_sorted_by_key() -> None:
    layers = [
        input3("zz"),
        input3("aa"),
        entry("Dense", "p", keras3("zz")),
        entry("Dense", "q", keras3("aa")),
    ]
    ends = {"2": ["p", 0, 0], "1": ["q", 0, 0]}, {"b": ["zz", 0, 0], "a": ["aa", 0, 0]}
    graph = read_graph(model(functional(layers, *ends)))
    assert graph.inputs == (TensorRef("aa"), TensorRef("zz"))
    assert graph.outputs == (TensorRef("q"), TensorRef("p"))


@pytest.mark.parametrize(
    ("version", "spelled", "node", "boundary"),
    [
        pytest.param(KERAS2, keras2, 1, 2, id="Keras 2"),
        pytest.param(KERAS3, keras3, 0, 2, id="Keras 3"),
    ],
)
def test_calls_of_a_nested_functional_model_are_counted_from_0(
    version: str, spelled: Any, node: int, boundary: int
) -> None:
    inner = inner2() if version == KERAS2 else None
    if inner is None:
        layers = [input3("z"), entry("Dense", "d", keras3("z"))]
        inner = functional(layers, ("d", 0, 0), ("z", 0, 0), "inner")
    calls = {"name": "inner", "inbound_nodes": [spelled("x"), spelled(["inner", node, 0])]}
    first = (input2 if version == KERAS2 else input3)()
    graph = read_graph(
        model(functional([first, {**inner, **calls}], [["inner", boundary, 0]]), version)
    )
    nested = graph.layer("inner")
    assert (nested.class_name, nested.config) == ("Functional", {"trainable": True})
    assert nested.calls == (on("x"), on("inner"))
    assert graph.outputs == (TensorRef("inner", 1),)
    assert nested.graph is not None
    assert [layer.name for layer in nested.graph.layers] == ["z", "d"]


@pytest.mark.parametrize(
    ("version", "boundary"),
    [pytest.param(KERAS2, 1, id="Keras 2"), pytest.param(KERAS3, 0, id="Keras 3")],
)
def test_a_nested_sequential_model_as_output(version: str, boundary: int) -> None:
    is_2 = version == KERAS2
    first, spelled = (input2, keras2) if is_2 else (input3, keras3)
    inner = sequential(first("z"), entry("Dense", "d"), name="inner")
    layers = [first(), {**inner, "name": "inner", "inbound_nodes": [spelled("x")]}]
    graph = read_graph(model(functional(layers, [["inner", boundary, 0]]), version))
    assert graph.outputs == (TensorRef("inner"),)
    assert graph.layer("inner").class_name == "Sequential"


def test_sequential_with_an_input() -> None:
    graph = read_graph(model(sequential(input3(), entry("Dense", "a"), entry("Dense", "b"))))
    assert graph == Graph(
        "sequential",
        GraphKind.SEQUENTIAL,
        (
            INPUT,
            Layer("a", "Dense", FIELDS, (on("x"),)),
            Layer("b", "Dense", FIELDS, (on("a"),)),
        ),
        (TensorRef("x"),),
        (TensorRef("b"),),
    )


IMPLICIT: Mapping[str, Any] = {"shape": (None, 4), "dtype": "float32", "is_implicit": True}
FIRST = entry("Dense", "a", batch_input_shape=[None, 4], dtype="float32")
NESTED_FIRST = sequential(input2("z"), entry("Dense", "d"), name="a")


@pytest.mark.parametrize(
    ("version", "config", "fields"),
    [
        pytest.param("2.2.4-tf", sequential(FIRST), IMPLICIT, id="shape of the first layer"),
        pytest.param(
            KERAS2,
            sequential(entry("Dense", "a"), build_input_shape=[None, 4]),
            IMPLICIT,
            id="shape it was called with",
        ),
        pytest.param(
            "2.2.4", {"class_name": "Sequential", "config": [FIRST]}, IMPLICIT, id="bare list"
        ),
        pytest.param(
            "2.2.4",
            sequential(entry("Embedding", "a", batch_input_shape=[None, 4], dtype="int64")),
            IMPLICIT,
            id="Embedding of Keras 2",
        ),
        pytest.param(
            KERAS3,
            sequential(entry("Embedding", "a"), build_input_shape=[None, 4]),
            {**IMPLICIT, "dtype": "int32"},
            id="Embedding of Keras 3",
        ),
        pytest.param(
            KERAS2,
            sequential(NESTED_FIRST),
            {**INPUT.config, "is_implicit": True},
            id="nested model first",
        ),
    ],
)
def test_sequential_without_an_input(
    version: str, config: Mapping[str, Any], fields: Mapping[str, Any]
) -> None:
    graph = read_graph(model(config, version))
    assert graph.layers[0] == Layer("a_input", "InputLayer", fields, (Call(),))
    assert graph.layers[1].calls == (on("a_input"),)
    assert graph.inputs == (TensorRef("a_input"),)


def test_wrapped_layers_are_parts() -> None:
    forward, backward = entry("LSTM", "forward_l", units=2), entry("LSTM", "backward_l", units=2)
    wrapped = entry(
        "Bidirectional", "b", layer=forward, backward_layer=backward, merge_mode="concat"
    )
    found = read_graph(model(sequential(input3(), wrapped))).layers[1]
    lstm = {"trainable": True, "units": 2}
    assert found == Layer(
        "b",
        "Bidirectional",
        {"trainable": True, "merge_mode": "concat"},
        (on("x"),),
        parts={
            "layer": Layer("forward_l", "LSTM", lstm),
            "backward_layer": Layer("backward_l", "LSTM", lstm),
        },
    )


def test_a_wrapped_model_keeps_its_calls() -> None:
    wrapped = entry("TimeDistributed", "each", layer={**inner2(), "module": "keras"})
    found = read_graph(model(sequential(input2(), wrapped), KERAS2)).layers[1].parts["layer"]
    assert found.graph is not None
    assert [(item.name, item.calls) for item in found.graph.layers] == [
        ("z", (Call(),)),
        ("d", (on("z"),)),
    ]


@pytest.mark.parametrize(
    ("version", "changes", "class_name"),
    [
        pytest.param(KERAS3, {"config": {"name": "a"}}, "keras.ops.Add", id="no trainable"),
        pytest.param(
            KERAS3,
            {"config": {"name": "a"}, "module": "keras.src.ops.numpy"},
            "keras.ops.Add",
            id="module of operations",
        ),
        pytest.param(
            KERAS3, {"config": {"name": "a"}, "module": "keras.layers"}, "Add", id="layer module"
        ),
        pytest.param(KERAS3, {}, "Add", id="trainable"),
        pytest.param(KERAS2, {"config": {"name": "a"}}, "Add", id="Keras 2 has none"),
    ],
)
def test_operations_are_told_from_layers(
    version: str, changes: Mapping[str, Any], class_name: str
) -> None:
    is_2 = version == KERAS2
    first, call = (input2(), keras2("x")) if is_2 else (input3(), keras3("x"))
    config = functional([first, {**entry("Add", "a", call), **changes}], ["a", 0, 0])
    assert read_graph(model(config, version)).layer("a").class_name == class_name


@pytest.mark.parametrize(
    "name", [*(f"SpatialDropout{axes}D" for axes in (1, 2, 3)), "Discretization", "HashedCrossing"]
)
def test_layers_without_trainable(name: str) -> None:
    layers = [input3(), {**entry(name, "a", keras3("x")), "config": {"name": "a", "rate": 0.5}}]
    assert read_graph(model(functional(layers, ["a", 0, 0]))).layer("a").class_name == name


def test_a_subclassed_model_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConversionError) as error:
        read_graph(model(SUBCLASSED))
    (reason,) = error.value.reasons
    assert reason == Reason(
        "a subclassed model (class 'MyModel') runs Python code that is not in the file",
        class_name="MyModel",
        remedy="build it with keras.Sequential or keras.Model(inputs, outputs) and save it again",
    )
    assert str(error.value) == str(reason)


A = entry("Dense", "a", keras3("x"))
Y = input3("y")


@pytest.mark.parametrize(
    ("config", "words"),
    [
        pytest.param(sequential(), "has no layers", id="empty"),
        pytest.param(
            sequential(entry("Dense", "a")), "before it knew its input shape", id="no shape"
        ),
        pytest.param(
            sequential(entry("Dense", "a", batch_input_shape=4)),
            "before it knew its input shape",
            id="shape that is a number",
        ),
        pytest.param(
            sequential(entry("Dense", "a", batch_input_shape=[None, 4]), entry("Dense", "a_input")),
            "has two layers called 'a_input'; give one of them another name",
            id="name of the implicit input",
        ),
        pytest.param(
            sequential(input3(), entry("Dense", "a"), entry("Dense", "a")),
            "two layers called 'a'",
            id="name taken, sequential",
        ),
        pytest.param(
            sequential(input3(), input3("y"), entry("Dense", "a")),
            "has the inputs ['x'], but its input layers are ['x', 'y']",
            id="two inputs in a chain",
        ),
        pytest.param(
            functional([input3(), A, A], ["a", 0, 0]), "two layers called 'a'", id="name taken"
        ),
        pytest.param(
            functional([input3(), A, entry("Dense", "b")], ["a", 0, 0]),
            "layer 'b' of model 'model' is never called",
            id="never called",
        ),
        pytest.param(
            functional([input3(), A], ["b", 0, 0]), "call 0 of layer 'b'", id="unknown output"
        ),
        pytest.param(
            functional([input3(), A], ["a", 1, 0]), "call 1 of layer 'a'", id="unknown call"
        ),
        pytest.param(
            functional([input3(), A], ["a", 0, -1]), "call 0 of layer 'a'", id="negative output"
        ),
        pytest.param(
            functional([input3(), entry("Dense", "a", keras3("b"))], ["a", 0, 0]),
            "layer 'a' (Dense) of model 'model' is called on 'b'",
            id="unknown tensor",
        ),
        pytest.param(
            functional(
                [
                    input3(),
                    entry("Dense", "a", {**keras3("x"), "kwargs": {"m": keras3("b")["args"][0]}}),
                ],
                ["a", 0, 0],
            ),
            "layer 'a' (Dense) of model 'model' is called on 'b'",
            id="unknown tensor by name",
        ),
        pytest.param(
            functional([input3(), A, Y], ["a", 0, 0]),
            "has the inputs ['x'], but its input layers are ['x', 'y']",
            id="input that is not listed",
        ),
        pytest.param(
            functional([input3(), A], ["a", 0, 0], ["a", 0, 0]),
            "has the inputs ['a'], but its input layers are ['x']",
            id="input that is a layer",
        ),
        pytest.param(
            functional([input3(), A], ["a", 0, 0], [["x", 0, 0], ["x", 0, 0]]),
            "has the inputs ['x', 'x']",
            id="input listed twice",
        ),
        pytest.param(
            functional([input3(), A], ["a", 0, 0], ["x", 0, 1]), "has the inputs", id="its output 1"
        ),
        pytest.param(functional([input3(), A], None), "as None instead of", id="no outputs"),
        pytest.param(
            {"class_name": "Functional", "config": {}}, "holds no list of layers", id="no layers"
        ),
        pytest.param(
            {"class_name": "Functional", "config": []}, "instead of an object", id="no object"
        ),
        pytest.param(
            {"class_name": "Functional", "config": [0] * 5000},
            f"is [{'0, ' * 26}0… instead of an object",
            id="a long list",
        ),
        pytest.param(functional([3], ["a", 0, 0]), "instead of an object", id="layer is a number"),
        pytest.param(functional([{}], ["a", 0, 0]), "has no name", id="layer without a name"),
        pytest.param(
            functional([{**A, "class_name": None}], ["a", 0, 0]), "names no class", id="no class"
        ),
        pytest.param(
            functional([{**A, "config": None}], ["a", 0, 0]), "instead of an object", id="no config"
        ),
        pytest.param(
            functional([{**A, "inbound_nodes": None}], ["a", 0, 0]), "is not a list", id="no calls"
        ),
    ],
)
def test_configs_that_no_keras_writes_are_refused(config: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ConversionError) as error:
        read_graph(model(config))
    assert words in str(error.value)


def test_an_input_without_a_shape_is_left_to_the_rules() -> None:
    first = input3()
    first["config"]["batch_shape"] = 7
    graph = read_graph(model(functional([first, A], ["a", 0, 0])))
    assert graph.layer("x").config["shape"] is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "Dense", id="no module"),
        pytest.param({"module": "keras.layers", "registered_name": None}, "Dense", id="Keras"),
        pytest.param(
            {"module": "tf_keras.layers", "registered_name": None}, "Dense", id="tf_keras"
        ),
        pytest.param({"module": "keras.src.x", "registered_name": "Dense"}, "Dense", id="inside"),
        pytest.param({"module": "mine", "registered_name": "Dense"}, "mine>Dense", id="a user's"),
        pytest.param({"module": "mine", "registered_name": "p>Dense"}, "p>Dense", id="registered"),
        pytest.param({"module": None, "registered_name": "p>Dense"}, "p>Dense", id="and nowhere"),
        pytest.param(
            {"module": "keras.src.ops.numpy", "registered_name": "Dense"},
            "keras.ops.Dense",
            id="op",
        ),
    ],
)
def test_classes_are_told_by_their_module(fields: dict[str, Any], expected: str) -> None:
    graph = read_graph(model(functional([input3(), {**A, **fields}], ["a", 0, 0])))
    assert graph.layer("a").class_name == expected
