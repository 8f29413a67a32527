from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, source
from tests.rules.lowered import fields, outline, values
from tests.rules.numbers import X, Y, op, seen
from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.lowering.number_kinds import Kind, kinds_of
from tfjs_serve.rewriting.rule import Refusal
from tfjs_serve.rules.constant_tables import rewrite

TABLE = ((0.5, 1.0), (2.0, 3.0))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Embedding"), id="a layer"),
        pytest.param(op("Add", TABLE, X, axis=0), id="another operation"),
        pytest.param(op("Take", X, Y, axis=0), id="of a tensor"),
        pytest.param(op("Take", X, (1, 2), axis=1), id="constant places"),
        pytest.param(op("Take", X, axis=1, indices=[1, 2]), id="constant places as a field"),
        pytest.param(op("Take", 0.5, X, axis=0), id="of a number"),
        pytest.param(op("Take", "a table", X, axis=0), id="of a word"),
    ],
)
def test_no_constant_table(before: Layer) -> None:
    assert rewrite(before, seen(before, (None, 3), (None, 3))) is None


def test_a_table_of_rows() -> None:
    before = op("Take", TABLE, X, axis=0, batch_dims=0)
    found = rewrite(before, replace(seen(before, (None, 3)), generation=2))
    assert outline(found) == [("a", "Embedding")]
    assert fields(found, "a", "input_dim", "output_dim", "trainable") == (2, 2, False)
    assert values(found, "a", "embeddings") == [[0.5, 1.0], [2.0, 3.0]]


def test_keras_3_counts_from_the_end() -> None:
    before = op("Take", TABLE, X, axis=-2)
    found = rewrite(before, replace(seen(before, (None, 3)), generation=3))
    assert outline(found) == [("a__raised", "Rescaling"), ("a", "Embedding")]
    assert fields(found, "a__raised", "scale", "offset") == (1.0, 2.0)
    assert values(found, "a", "embeddings") == [[0.5, 1.0], [2.0, 3.0]] * 2


@pytest.mark.parametrize(
    ("table", "axis", "rows", "shape", "view"),
    [
        ((1.5, 2.5), 0, [[1.5], [2.5]], (None, None), [-1]),
        (TABLE, None, [[0.5], [1.0], [2.0], [3.0]], (None, 3), [3]),
        ((((1, 2), (3, 4)),), 0, [[1, 2, 3, 4]], (None, 3), [3, 2, 2]),
    ],
)
def test_tables_of_other_ranks(
    table: Any, axis: int | None, rows: list[list[float]], shape: Shape, view: list[int]
) -> None:
    before = op("Take", table, X, axis=axis)
    found = rewrite(before, replace(seen(before, shape), generation=2))
    assert outline(found) == [("a__rows", "Embedding"), ("a", "Reshape")]
    assert values(found, "a__rows", "embeddings") == rows
    assert fields(found, "a", "target_shape") == (view,)


@pytest.mark.parametrize(
    ("before", "shape", "why"),
    [
        (op("Take", TABLE, X, axis=1), (None, 3), "along axis 1"),
        (op("Take", TABLE, X, axis=0, batch_dims=1), (None, 3), "along axis 0"),
        (op("Take", TABLE, X, axis=0), (None,), "along axis 0"),
        (op("Take", (1, 2**24), X, axis=0), (None, 3), "floats round"),
    ],
)
def test_what_is_refused(before: Layer, shape: Shape, why: str) -> None:
    for generation in (KERAS2.generation, KERAS3.generation):
        found = rewrite(before, replace(seen(before, shape), generation=generation))
        assert isinstance(found, Refusal)
        assert why in found.reasons[0].why


@pytest.mark.parametrize(
    ("table", "kind"),
    [
        (((1, 2), (3, 4)), Kind.WHOLE),
        (((1, 2.5), (3, 4)), Kind.FLOAT),
        ((True, False), Kind.TRUTH),
    ],
)
def test_the_numbers_taken_are_of_the_kind_of_the_table(table: Any, kind: Kind) -> None:
    config = {"function": "compat.v1.gather"}
    taken = Layer("a", "TFOpLambda", config, (Call((table,), {"indices": TensorRef("x")}),))
    kinds = kinds_of(functional([source("x", dtype="int32"), taken], ["a"]), 2)
    assert kinds.get(TensorRef("a"), Kind.FLOAT) is kind
