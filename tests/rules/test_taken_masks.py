from __future__ import annotations

import pytest

from tests.models import functional, identity, nested, on, source
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.lowering.taken_masks import has_copies, same_tensor

X = TensorRef("x")


def layer(class_name: str, name: str, *tensors: TensorRef | str, dtype: str = "float32") -> Layer:
    return Layer(name, class_name, {"dtype": dtype}, (on(*tensors),))


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        pytest.param([layer("Dense", "a", "x")], TensorRef("a"), id="made anew"),
        pytest.param([layer("Dropout", "a", "x")], X, id="a dropout returns its input"),
        pytest.param([identity("a", on("x"))], X, id="so does a linear activation"),
        pytest.param(
            [layer("Identity", "b", "x"), layer("Dropout", "a", "b")], X, id="one after the other"
        ),
        pytest.param([layer("Dropout", "a", "a")], TensorRef("a"), id="a circle"),
    ],
)
def test_names_of_one_tensor(layers: list[Layer], expected: TensorRef) -> None:
    found = {item.name: item for item in (source(), *layers)}
    assert same_tensor(found, TensorRef("a")) == expected


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        (("float32", "float32"), False),
        (("float32", "int32"), False),
        (("float32", "mixed_float16"), True),
        (("float64", "float64"), True),
    ],
)
def test_layers_that_cast_what_they_are_given(dtypes: tuple[str, str], expected: bool) -> None:
    one, other = dtypes
    inner = functional((source("i"), layer("Dense", "d", "i", dtype=other)), ["d"], ["i"])
    graph = functional(
        (source(), layer("Dense", "a", "x", dtype=one), nested("n", inner, on("a"))), ["n"]
    )
    assert has_copies(graph) is expected
