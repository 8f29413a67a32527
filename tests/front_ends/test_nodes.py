from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.nodes import Numbering, read_boundary, read_calls
from tfjs_serve.graph import Call, Slice, TensorRef

FUNCTIONAL, SEQUENTIAL = frozenset({"f"}), frozenset({"s"})
KERAS2 = Numbering(2, FUNCTIONAL, SEQUENTIAL)
KERAS3 = Numbering(3, FUNCTIONAL, SEQUENTIAL)
X, Y = TensorRef("x"), TensorRef("y", 1, 2)


def tensor(layer: str, node: int = 0, output: int = 0) -> dict[str, Any]:
    return {
        "class_name": "__keras_tensor__",
        "config": {"shape": [None, 2], "dtype": "float32", "keras_history": [layer, node, output]},
    }


def bare(start: Any = None, stop: Any = None, step: Any = None) -> dict[str, Any]:
    return {"start": start, "stop": stop, "step": step}


def node(*args: Any, **kwargs: Any) -> dict[str, Any]:
    return {"args": list(args), "kwargs": kwargs}


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_plain_layers_keep_their_numbers(generation: int) -> None:
    numbering = Numbering(generation, FUNCTIONAL, SEQUENTIAL)
    assert [numbering.in_node("x", index) for index in range(3)] == [0, 1, 2]
    assert [numbering.at_boundary("x", index) for index in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(
    ("numbering", "layer", "in_node", "at_boundary"),
    [
        pytest.param(KERAS2, "f", 0, 0, id="Keras 2, functional"),
        pytest.param(KERAS2, "s", 0, 0, id="Keras 2, sequential"),
        pytest.param(KERAS3, "f", 1, 0, id="Keras 3, functional"),
        pytest.param(KERAS3, "s", 1, 1, id="Keras 3, sequential"),
    ],
)
def test_node_1_of_a_nested_model(
    numbering: Numbering, layer: str, in_node: int, at_boundary: int
) -> None:
    assert numbering.in_node(layer, 1) == in_node
    assert numbering.at_boundary(layer, 1) == at_boundary


@pytest.mark.parametrize(
    ("numbering", "nodes", "calls"),
    [
        pytest.param(KERAS2, [], (), id="never called"),
        pytest.param(KERAS2, [[["x", 0, 0, {}]]], (Call((X,)),), id="Keras 2, one tensor"),
        pytest.param(KERAS2, [[["x", 0, 0]]], (Call((X,)),), id="Keras 2, no arguments"),
        pytest.param(
            KERAS2,
            [[["x", 0, 0, {"axis": 1}], [["x", 0, 0], ["_CONSTANT_VALUE", -1, 3, {}]]]],
            (Call(((X, (X, 3)),), {"axis": 1}),),
            id="Keras 2, a list in a list",
        ),
        pytest.param(KERAS2, [["x", 0, 0, {}]], (Call((X,)),), id="Keras 2, bare entry"),
        pytest.param(
            KERAS2,
            [[["x", 0, 0, {}], ["y", 1, 2, {}]]],
            (Call(((X, Y),)),),
            id="Keras 2, several tensors",
        ),
        pytest.param(
            KERAS2,
            [[["x", 0, 0, {}]], [["f", 2, 1, {}]]],
            (Call((X,)), Call((TensorRef("f", 1, 1),))),
            id="Keras 2, several calls",
        ),
        pytest.param(
            KERAS2,
            [[["x", 0, 0, {}], ["_CONSTANT_VALUE", -1, 2.5, {}]]],
            (Call(((X, 2.5),)),),
            id="Keras 2, constant",
        ),
        pytest.param(
            KERAS2, [[["_CONSTANT_VALUE", -1, 3, {}]]], (Call((3,)),), id="Keras 2, only a constant"
        ),
        pytest.param(
            KERAS2,
            [["_CONSTANT_VALUE", -1, 2.5, {"y": ["x", 0, 0]}]],
            (Call((2.5,), {"y": X}),),
            id="Keras 2, constant before a tensor",
        ),
        pytest.param(
            KERAS2,
            [["x", 0, 0, {"slice_spec": [{"class_name": "__ellipsis__"}, None, bare(1, -1)]}]],
            (Call((X,), {"slice_spec": (..., None, Slice(1, -1))}),),
            id="Keras 2, slice",
        ),
        pytest.param(
            KERAS2,
            [["x", 0, 0, {"slice_spec": [bare(), bare(["y", 1, 2])]}]],
            (Call((X,), {"slice_spec": (Slice(), Slice(Y))}),),
            id="Keras 2, slice from a tensor on",
        ),
        pytest.param(
            KERAS2,
            [[["x", 0, 0, {"mask": ["s", 1, 0], "training": True, "axes": [1, 2]}]]],
            (Call((X,), {"mask": TensorRef("s"), "training": True, "axes": (1, 2)}),),
            id="Keras 2, named arguments",
        ),
        pytest.param(
            KERAS2,
            [{"o": ["x", 0, 0, {}], "i": ["y", 0, 0, {}]}],
            (Call(("a dict of i, o",)),),
            id="Keras 2, dict",
        ),
        pytest.param(KERAS3, [node(tensor("x"))], (Call((X,)),), id="Keras 3, one tensor"),
        pytest.param(
            KERAS3, [node([tensor("x"), tensor("y", 1, 2)])], (Call(((X, Y),)),), id="Keras 3, list"
        ),
        pytest.param(
            KERAS3,
            [node(tensor("x"), tensor("y", 1, 2), 2.5, None)],
            (Call((X, Y, 2.5, None)),),
            id="Keras 3, positional arguments",
        ),
        pytest.param(
            KERAS3,
            [node(tensor("f", 1)), node(tensor("s", 1))],
            (Call((TensorRef("f", 1),)), Call((TensorRef("s", 1),))),
            id="Keras 3, several calls, models counted from 0",
        ),
        pytest.param(
            KERAS3,
            [node(tensor("x"), mask=tensor("m"), initial_state=[tensor("y", 1, 2)])],
            (Call((X,), {"mask": TensorRef("m"), "initial_state": (Y,)}),),
            id="Keras 3, tensors by name",
        ),
        pytest.param(
            KERAS3,
            [
                node(inputs=tensor("x")),
                node(initial_state=tensor("y", 1, 2), sequences=tensor("x")),
            ],
            (Call((X,)), Call((X,), {"initial_state": Y})),
            id="Keras 3, input by name",
        ),
        pytest.param(
            KERAS3,
            [node({"class_name": "__tuple__", "items": [tensor("x"), 1]})],
            (Call(((X, 1),)),),
            id="Keras 3, tuple",
        ),
        pytest.param(
            KERAS3,
            [node({"class_name": "__numpy__", "config": {"value": [1, 2], "dtype": "int32"}})],
            (Call(((1, 2),)),),
            id="Keras 3, array",
        ),
        pytest.param(
            KERAS3,
            [node({"o": tensor("x"), "i": tensor("y")})],
            (Call(("a dict of i, o",)),),
            id="Keras 3, dict",
        ),
        pytest.param(
            KERAS3,
            [
                node(
                    tensor("x"),
                    [
                        {"class_name": "__slice__", "config": bare()},
                        {"class_name": "__ellipsis__", "config": {}},
                        {"class_name": "slice", "config": bare(None, 4, 2)},
                    ],
                )
            ],
            (Call((X, (Slice(), ..., Slice(None, 4, 2)))),),
            id="Keras 3, slice",
        ),
        pytest.param(
            KERAS3,
            [node(tensor("x"), slice={"class_name": "slice", "config": {"start": 1}})],
            (Call((X,), {"slice": "slice"}),),
            id="Keras 3, object",
        ),
    ],
)
def test_calls(numbering: Numbering, nodes: Any, calls: tuple[Call, ...]) -> None:
    assert read_calls(nodes, numbering) == calls


@pytest.mark.parametrize(
    "value", [None, False, [None, None], [[None], None], {"a": None}, []], ids=str
)
@pytest.mark.parametrize("name", ["training", "mask"])
def test_arguments_that_say_nothing_go(name: str, value: Any) -> None:
    assert read_calls([node(tensor("x"), **{name: value})], KERAS3) == (Call((X,)),)
    assert read_calls([[["x", 0, 0, {name: value}]]], KERAS2) == (Call((X,)),)


def test_arguments_that_are_null_go_whatever_their_name() -> None:
    assert read_calls([node(tensor("x"), initial_state=None)], KERAS3) == (Call((X,)),)
    states = {"initial_state": None, "constants": None}
    calls = read_calls([[["x", 0, 0, states], ["y", 1, 2, states]]], KERAS2)
    assert calls == (Call(((X, Y),)),)


@pytest.mark.parametrize(
    ("name", "value", "kept"),
    [
        ("training", True, True),
        ("mask", [None, ["m", 0, 0]], (None, TensorRef("m"))),
        ("return_attention_scores", False, False),
    ],
)
def test_arguments_that_say_something_stay(name: str, value: Any, kept: Any) -> None:
    assert read_calls([[["x", 0, 0, {name: value}]]], KERAS2) == (Call((X,), {name: kept}),)


@pytest.mark.parametrize(
    "nodes",
    [
        None,
        "x",
        {},
        [None],
        [3],
        ["x"],
        [[None]],
        [[["x"]]],
        [[["x", 0]]],
        [[["x", "0", 0]]],
        [[["x", True, 0]]],
        [[[1, 0, 0]]],
        [{"args": None}],
        [{"args": "x"}],
        [{"args": [], "kwargs": None}],
        [{"args": [{"class_name": "__keras_tensor__"}]}],
        [{"args": [{"class_name": "__keras_tensor__", "config": {}}]}],
        [{"args": [{"class_name": "__keras_tensor__", "config": {"keras_history": ["x", 0]}}]}],
    ],
    ids=str,
)
def test_what_is_no_call_is_refused(nodes: Any) -> None:
    with pytest.raises(ConversionError):
        read_calls(nodes, KERAS3)


@pytest.mark.parametrize(
    ("numbering", "spec", "refs"),
    [
        pytest.param(KERAS2, [], (), id="none"),
        pytest.param(KERAS3, ["x", 0, 0], (X,), id="bare triple"),
        pytest.param(KERAS2, [["x", 0, 0]], (X,), id="one"),
        pytest.param(KERAS2, [["y", 1, 2], ["x", 0, 0]], (Y, X), id="several, in order"),
        pytest.param(
            KERAS2,
            [["f", 1, 0], ["s", 2, 0]],
            (TensorRef("f"), TensorRef("s", 1)),
            id="models of Keras 2",
        ),
        pytest.param(
            KERAS3,
            [["f", 1, 0], ["s", 1, 0]],
            (TensorRef("f"), TensorRef("s", 1)),
            id="models of Keras 3",
        ),
        pytest.param(
            KERAS2, {"b": ["x", 0, 0], "a": ["y", 1, 2]}, (Y, X), id="dict, by sorted key"
        ),
        pytest.param(
            KERAS3,
            {"b": ["x", 0, 0], "a": [["y", 1, 2], ["f", 2, 0]]},
            (Y, TensorRef("f", 1), X),
            id="dict of lists",
        ),
        pytest.param(KERAS3, [[["x", 0, 0]], {"a": ["y", 1, 2]}], (X, Y), id="nested"),
    ],
)
def test_boundary(numbering: Numbering, spec: Any, refs: tuple[TensorRef, ...]) -> None:
    assert read_boundary(spec, numbering) == refs


@pytest.mark.parametrize("spec", [None, "x", 3, ["x"], ["x", 0], [["x", 0, None]]], ids=str)
def test_what_is_no_boundary_is_refused(spec: Any) -> None:
    with pytest.raises(ConversionError, match=r"instead of \[layer, node, tensor\]"):
        read_boundary(spec, KERAS3)


@pytest.mark.parametrize(
    ("nodes", "sentence"),
    [
        pytest.param(
            [{"args": {"x": [0] * 5000}}],
            f"{{'args': {{'x': [{'0, ' * 21}0…, which is no list of arguments",
            id="arguments",
        ),
        pytest.param(
            [[[[0] * 5000]]], f"[{'0, ' * 26}0… instead of a tensor", id="place of a tensor"
        ),
    ],
)
def test_a_long_value_is_cut_in_the_sentence(nodes: Any, sentence: str) -> None:
    with pytest.raises(ConversionError) as error:
        read_calls(nodes, KERAS3)
    assert str(error.value) == f"a layer is called with {sentence}"
