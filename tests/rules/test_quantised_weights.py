from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, layer, refused
from tfjs_serve.rules.quantised_weights import rewrite


def policy(class_name: str, mode: str) -> dict[str, Any]:
    return {"class_name": class_name, "config": {"mode": mode, "source_name": "float32"}}


@pytest.mark.parametrize(
    "dtype",
    [
        None,
        "float32",
        "mixed_float16",
        {"class_name": "QuantizedDTypePolicy"},
        {"class_name": "DTypePolicyMap", "config": {"default_policy": "float32"}},
        policy("QuantizedDTypePolicy", "int8"),
    ],
)
def test_a_dense_in_floats_or_whole_bytes_stays(dtype: object) -> None:
    assert rewrite(layer("Dense", dtype=dtype), KERAS3) is None


@pytest.mark.parametrize(
    ("class_name", "name", "mode"),
    [
        ("Dense", "Int4DTypePolicy", "int4/128"),
        ("Dense", "QuantizedFloat8DTypePolicy", "float8"),
        ("Embedding", "QuantizedDTypePolicy", "int8"),
    ],
)
def test_others_are_refused(class_name: str, name: str, mode: str) -> None:
    before = layer(class_name, dtype=policy(name, mode))
    assert rewrite(before, KERAS3) == refused(
        before,
        f"not supported yet: weights quantised to {mode} (expected int8 in a Dense, or floats)",
        remedy=f"save the model as it was before quantize({mode!r})",
    )
