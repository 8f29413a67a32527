from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.report import NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal
from tfjs_serve.rules.einsum_dense import rewrite

SHAPE = shaped((None, 3, 2))


def einsum(
    equation: str, kernel: tuple[int, ...], bias: tuple[int, ...] = (), **config: Any
) -> Layer:
    axes = "d" if bias else None
    fields = {"equation": equation, "activation": "linear", "bias_axes": axes, **config}
    before = layer("EinsumDense", **fields)
    weights = [weight("kernel", kernel), *([weight("bias", bias)] if bias else [])]
    return replace(before, weights=tuple(weights))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Dense"), SHAPE, id="other class"),
        pytest.param(layer("EinsumDense", equation="abc,cd->abd"), SHAPE, id="no weights"),
        pytest.param(einsum("abc,cd->abd", (2, 4)), shaped(None), id="hidden shape"),
        pytest.param(einsum("abc,cd->abd", (2, 4), bias_axes="d"), SHAPE, id="no bias in the file"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    "equation",
    [
        *("abc,cd->bad", "abb,bc->ac", "ab,bc->ac", "abc,cd", "abc->ab", "abc,acd->abd"),
        *("abc,cd->abde", "abc,cde->abd"),
    ],
)
def test_what_is_no_dense(equation: str) -> None:
    kernel = tuple(range(2, 2 + len(equation.partition(",")[2].partition("->")[0])))
    assert isinstance(rewrite(einsum(equation, kernel), SHAPE), Refusal)


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        pytest.param(einsum("abc,bcd->abd", (3000, 2, 4)), (None, 3000, 2), id="too big"),
        pytest.param(einsum("abc,de->abe", (4, 5)), (None, 3, 2), id="sum in the kernel"),
        pytest.param(einsum("abc,de->abde", (4, 5)), (None, 3, None), id="sum of unknown length"),
        pytest.param(
            einsum("abc,cd->abd", (2, 4), (5, 1, 4)), (5, 3, 2), id="a bias for each sample"
        ),
    ],
)
def test_what_is_refused(before: Layer, shape: Shape) -> None:
    assert isinstance(rewrite(before, shaped(shape)), Refusal)


def test_a_bias_for_each_step() -> None:
    found = rewrite(einsum("abc,cd->abd", (2, 2), (3, 2), bias_axes="bd"), SHAPE)
    assert outline(found) == [("a__join", "Reshape"), ("a", "Dense"), ("a__part", "Reshape")]
    kernel = np.asarray(values(found, "a", "kernel", [[1, 2], [3, 4]]))
    assert (kernel == np.kron(np.eye(3), [[1, 2], [3, 4]])).all()
    assert values(found, "a", "bias", [[1, 2], [3, 4], [5, 6]]) == [1, 2, 3, 4, 5, 6]


def test_a_kernel_for_each_step_stands_on_the_diagonal() -> None:
    found = rewrite(einsum("abc,bcd->abd", (3, 2, 4)), SHAPE)
    assert isinstance(found, Lowering)
    assert outline(found) == [("a__join", "Reshape"), ("a", "Dense"), ("a__part", "Reshape")]
    assert fields(found, "a__join", "target_shape") == ([6],)
    assert fields(found, "a__part", "target_shape") == ([3, 4],)
    kernel, x = np.arange(24.0).reshape(3, 2, 4), np.arange(6.0).reshape(3, 2)
    made = x.reshape(-1) @ np.asarray(values(found, "a", "kernel", kernel))
    assert (made.reshape(3, 4) == np.einsum("bc,bcd->bd", x, kernel)).all()
    assert [note.kind for note in found.notes] == [NoteKind.TRAINING]


def test_nothing_to_sum_over() -> None:
    found = rewrite(einsum("abc,d->abcd", (4,)), SHAPE)
    assert outline(found) == [("a__join", "Reshape"), ("a", "Dense")]
    assert fields(found, "a__join", "target_shape") == ([3, 2, 1],)
    assert values(found, "a", "kernel", [1, 2, 3, 4]) == [[1, 2, 3, 4]]


@pytest.mark.parametrize("equation", ["abc,cd->abd", "...x,xy->...y"])
def test_the_last_axis_alone_is_a_dense(equation: str) -> None:
    found = rewrite(einsum(equation, (2, 4), (4,), activation="softmax"), SHAPE)
    assert outline(found) == [("a", "Dense")]
    assert fields(found, "a", "units", "use_bias", "activation") == (4, True, "softmax")


def test_added_axes_are_parted() -> None:
    found = rewrite(einsum("abc,cde->abde", (2, 2, 2), (2, 1), activation="softmax"), SHAPE)
    assert outline(found) == [
        ("a", "Dense"),
        ("a__part", "Reshape"),
        ("a__activation", "Activation"),
    ]
    assert fields(found, "a__part", "target_shape") == ([3, 2, 2],)
    kernel = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
    assert values(found, "a", "kernel", kernel) == [[1, 2, 3, 4], [5, 6, 7, 8]]
    assert values(found, "a", "bias", [[9], [10]]) == [9, 9, 10, 10]


def test_other_axes_are_moved() -> None:
    found = rewrite(einsum("abc,db->adc", (4, 3), (4, 1)), SHAPE)
    assert outline(found) == [("a__there", "Permute"), ("a", "Dense"), ("a__back", "Permute")]
    assert fields(found, "a__there", "dims") == ([2, 1],)
    kernel = [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 0, 0]]
    assert values(found, "a", "kernel", kernel) == [[1, 4, 7, 0], [2, 5, 8, 0], [3, 6, 9, 0]]
    assert values(found, "a", "bias", [[1], [2], [3], [4]]) == [1, 2, 3, 4]
    assert fields(found, "a__back", "dims") == ([2, 1],)
