from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.front_ends.values import plain


def function(name: str, **more: Any) -> dict[str, Any]:
    return {"class_name": "function", "config": name, **more}


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        0,
        1.5,
        "relu",
        [],
        [1, [None]],
        {},
        {"l1": 0.1},
        pytest.param({"class_name": "L2", "config": {"l2": 0.1}}, id="early object"),
        pytest.param({"class_name": "L2"}, id="object without config"),
        pytest.param({"class_name": ["L2"], "config": {}}, id="class that is no text"),
        pytest.param({"class_name": "__numpy__", "config": 5}, id="array without a value"),
    ],
    ids=str,
)
def test_plain_values_stay(value: Any) -> None:
    assert plain(value) == value


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        pytest.param({"class_name": "__tuple__", "items": [1, [2]]}, [1, [2]], id="tuple"),
        pytest.param({"class_name": "__tuple__"}, [], id="empty tuple"),
        pytest.param(
            {"class_name": "__tuple__", "items": [{"class_name": "__tuple__", "items": [3]}]},
            [[3]],
            id="tuple of tuples",
        ),
        pytest.param(
            {"class_name": "__numpy__", "config": {"value": [1.0, 2.0], "dtype": "float32"}},
            [1.0, 2.0],
            id="array",
        ),
        pytest.param(
            {"class_name": "__numpy__", "config": {"value": 0.01, "dtype": "float32"}},
            0.01,
            id="array without axes",
        ),
        pytest.param(
            {"class_name": "__tensor__", "config": {"value": [[1]], "dtype": "int32"}},
            [[1]],
            id="tensor",
        ),
        pytest.param({"type": "ndarray", "value": [1, 2]}, [1, 2], id="array of Keras 2"),
        pytest.param(function("relu"), "relu", id="function without a module"),
        pytest.param(function("relu", module="builtins"), "relu", id="function of Keras 3"),
        pytest.param(
            function("relu", module="keras.src.activations"), "relu", id="function with its module"
        ),
        pytest.param(
            function("relu", module="tensorflow.python.ops.nn"), "relu", id="TensorFlow's"
        ),
        pytest.param(
            function("relu", module="my_models"),
            {"class_name": "relu", "config": {}},
            id="somebody's function stays an object",
        ),
        pytest.param(
            {"module": "keras", "class_name": "DTypePolicy", "config": {"name": "float32"}},
            "float32",
            id="dtype policy",
        ),
        pytest.param(
            {"class_name": "Policy", "config": {"name": "mixed_float16"}},
            "mixed_float16",
            id="dtype policy of Keras 2",
        ),
        pytest.param(
            {
                "module": "keras.initializers",
                "class_name": "HeNormal",
                "config": {"seed": None},
                "registered_name": None,
            },
            {"class_name": "HeNormal", "config": {"seed": None}},
            id="object of Keras",
        ),
        pytest.param(
            {
                "module": "my_models",
                "class_name": "Zeros",
                "config": {"value": {"class_name": "__tuple__", "items": [1]}},
                "registered_name": "pkg>Zeros",
            },
            {"class_name": "pkg>Zeros", "config": {"value": [1]}},
            id="somebody's object, registered",
        ),
        pytest.param(
            {"module": "my_models", "class_name": "Zeros", "config": {}, "registered_name": None},
            {"class_name": "my_models>Zeros", "config": {}},
            id="somebody's object",
        ),
        pytest.param(
            {"module": "keras_nlp", "class_name": "Zeros", "config": {}},
            {"class_name": "keras_nlp>Zeros", "config": {}},
            id="module that merely begins like keras",
        ),
        pytest.param(
            [{"a": function("tanh", module="builtins")}], [{"a": "tanh"}], id="inside lists"
        ),
    ],
)
def test_wrappers_go(value: Any, expected: Any) -> None:
    assert plain(value) == expected
