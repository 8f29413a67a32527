from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.front_ends.configs import dense, entry, functional, input2, input3, keras2, keras3, model
from tests.front_ends.configs import sequential as chain
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Shape


def told(config: dict[str, Any], version: str) -> dict[tuple[str, int], tuple[Shape | None, ...]]:
    """Return what the calls of a model say of their outputs."""
    graph = read_graph(model(config, version))
    return {
        (layer.name, index): call.shapes
        for layer in graph.layers
        for index, call in enumerate(layer.calls)
    }


def on(layer: str, shape: object, call: int = 0, output: int = 0) -> dict[str, Any]:
    """Return a call of Keras 3 with the shape of its tensor beside it."""
    history = [layer, call, output]
    config = {"shape": shape, "dtype": "float32", "keras_history": history}
    return {"args": [{"class_name": "__keras_tensor__", "config": config}], "kwargs": {}}


def built(layer: Mapping[str, Any], shape: object) -> dict[str, Any]:
    return {**layer, "build_config": {"input_shape": shape}}


def test_a_file_that_tells_nothing() -> None:
    layers = [input2(), entry("Mine", "a", keras2("x")), dense("b", keras2("a"))]
    nothing = {("x", 0): (None,), ("a", 0): (None,), ("b", 0): (None,)}
    assert told(functional(layers, ("b", 0, 0)), "2.15.0") == nothing


def test_keras_3_tells_beside_each_tensor() -> None:
    layers = [
        input3(),
        entry("Mine", "a", on("x", [None, 4]), on("x", [None, 4])),
        dense("b", on("a", [None, 7], 1)),
        dense("c", on("a", [None, 5], 0, 1)),
    ]
    assert told(functional(layers, [["b", 0, 0], ["c", 0, 0]]), "3.15.1") == {
        ("x", 0): ((None, 4),),
        ("a", 0): (None, (None, 5)),
        ("a", 1): ((None, 7),),
        ("b", 0): (None,),
        ("c", 0): (None,),
    }


def test_archives_tell_what_a_layer_was_built_with() -> None:
    layers = [
        input2(),
        built(entry("Mine", "a", keras2("x")), [None, 4]),
        built(entry("Add", "b", keras2("x", "a")), [[None, 4], [None, 7]]),
    ]
    found = told(functional(layers, ("b", 0, 0)), "2.15.0")
    assert found == {("x", 0): ((None, 4),), ("a", 0): ((None, 7),), ("b", 0): (None,)}


def test_so_do_layers_of_a_sequential_model() -> None:
    layers = [input3(), entry("Mine", "a"), built(dense("b"), [None, 7]), dense("c")]
    assert told(chain(*layers), "3.15.1") == {
        ("x", 0): (None,),
        ("a", 0): ((None, 7),),
        ("b", 0): (None,),
        ("c", 0): (None,),
    }


@pytest.mark.parametrize(
    "shape", [None, [], [None, "7"], [None, True], [None, -1], [[None, 7], [None, 7]], "x", {}]
)
def test_what_is_no_shape_tells_nothing(shape: object) -> None:
    layers = [input3(), entry("Mine", "a"), built(dense("b"), shape)]
    assert told(chain(*layers), "3.15.1")["a", 0] == (None,)


def test_a_layer_of_several_calls_was_built_with_nobody_knows_which() -> None:
    layers = [
        input2(),
        entry("Mine", "a", keras2("x")),
        built(dense("b", keras2("a"), keras2("x")), [None, 7]),
    ]
    assert told(functional(layers, ("b", 1, 0)), "2.15.0")["a", 0] == (None,)


def test_what_is_told_twice_and_differently_is_not_believed() -> None:
    layers = [input3(), entry("Mine", "a", keras3("x"))]
    layers += [dense("b", on("a", [None, 7])), dense("c", on("a", [None, 8]))]
    layers += [dense("d", on("a", [None, 7]))]
    outputs = [[name, 0, 0] for name in "bcd"]
    assert told(functional(layers, outputs), "3.15.1")["a", 0] == (None,)


@pytest.mark.parametrize("history", [[["a"], 0, 0], ["a", "0", 0], "a00", None, ["a", 0]], ids=str)
def test_what_is_no_tensor_tells_nothing(history: object) -> None:
    strange = {"class_name": "__keras_tensor__", "config": {"shape": [7], "keras_history": history}}
    layers = [input3(), entry("Mine", "a", keras3("x")), dense("b", keras3("a"))]
    layers[1]["inbound_nodes"][0]["kwargs"] = {"more": {"deep": strange}}
    assert told(functional(layers, ("b", 0, 0)), "3.15.1")["a", 0] == (None,)
