from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer, refused
from tfjs_serve.graph import Layer
from tfjs_serve.report import NoteKind
from tfjs_serve.rules.dtype_policies import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense", units=2), id="no policy"),
        pytest.param(layer("InputLayer", dtype="float16"), id="input"),
    ],
)
def test_nothing_to_drop(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize("dtype", ["float32", None])
def test_policies_with_the_same_numbers_go(dtype: str | None) -> None:
    before = layer("Dense", units=2, dtype=dtype)
    assert rewrite(before, KERAS3) == changed(before, drop=["dtype"])


@pytest.mark.parametrize(
    "dtype", ["float16", "bfloat16", "float64", "mixed_float16", "mixed_bfloat16"]
)
def test_other_precisions_go_with_a_warning(dtype: str) -> None:
    before = layer("Dense", units=2, dtype=dtype)
    note = f"computes in {dtype} in Keras and in float32 here: results differ by rounding"
    assert rewrite(before, KERAS3) == changed(before, note, kind=NoteKind.ACCURACY, drop=["dtype"])


@pytest.mark.parametrize(
    "dtype",
    [
        *("string", "int8_from_float32", "complex64", "int32", "int64", "bool"),
        *(3, ["float32"], {"class_name": "P", "config": {}}),
    ],
    ids=str,
)
def test_anything_else_is_refused(dtype: Any) -> None:
    before = layer("Dense", dtype=dtype)
    assert rewrite(before, KERAS3) == refused(before, f"not supported yet: dtype = {dtype!r}")
