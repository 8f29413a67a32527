from __future__ import annotations

from typing import Any

import pytest

from tests.models import layer
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.dot_ranks import rewrite

X, Y = (None, 2, 4, 5), (None, 4, 3)


def dot(axes: object, name: str = "Dot", **config: Any) -> Layer:
    made = layer(name, axes=axes, **config)
    call = Call(((TensorRef("x"), TensorRef("y")),))
    return Layer(made.name, made.class_name, made.config, (call,))


def on(*shapes: Shape | None) -> Context:
    return Context(3, shapes)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(dot([2, 1], "Add"), on(X, Y), id="other class"),
        pytest.param(dot([2, 1]), on((None, 2, 4), Y), id="native ranks"),
        pytest.param(dot([2, 1], normalize=True), on(X, Y), id="normalized"),
        pytest.param(dot([2, 0]), on(X, Y), id="batch axis"),
        pytest.param(dot([[1, 2], 1]), on(X, Y), id="several axes"),
        pytest.param(dot([2, 1]), on(X, None), id="hidden shape"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_kept_axes_are_joined_and_parted() -> None:
    found = rewrite(dot([2, 1]), on(X, Y))
    assert outline(found) == [
        ("a__permute_1", "Permute"),
        ("a__reshape_2", "Reshape"),
        ("a__permute_3", "Permute"),
        ("a__dot_4", "Dot"),
        ("a", "Reshape"),
    ]
    assert fields(found, "a__permute_1", "dims") == ([1, 3, 2],)
    assert fields(found, "a__reshape_2", "target_shape") == ([10, 4],)
    assert fields(found, "a__permute_3", "dims") == ([2, 1],)
    assert fields(found, "a__dot_4", "axes", "normalize") == ([2, 2], False)
    assert fields(found, "a", "target_shape") == ([2, 5, 3],)


def test_a_vector_is_a_matrix_of_one_row() -> None:
    found = rewrite(dot(-1), on(X, (None, 5)))
    assert fields(found, "a__reshape_2", "target_shape") == ([1, 5],)
    assert fields(found, "a", "target_shape") == ([2, 4],)


def test_one_length_may_be_unknown() -> None:
    found = rewrite(dot([3, 1]), on((None, None, 2, 4), Y))
    assert fields(found, "a__reshape_1", "target_shape") == ([-1, 4],)
    assert fields(found, "a", "target_shape") == ([-1, 2, 3],)


def test_two_unknown_lengths_cannot_be_told_apart() -> None:
    with pytest.raises(ShapeError, match="at most one axis of unknown length"):
        rewrite(dot([3, 1]), on((None, None, None, 4), Y))
