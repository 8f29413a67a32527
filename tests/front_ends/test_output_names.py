"""The names under which `compile` knows outputs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.models import dense, functional, on, source
from tfjs_serve.front_ends import output_names

GRAPH = functional((source(), dense("b", on("x")), dense("a", on("x"))), ["b", "a"])


@pytest.mark.parametrize(
    ("fields", "names"),
    [
        pytest.param(None, ("b", "a"), id="no config"),
        pytest.param([], ("b", "a"), id="Sequential of Keras 1"),
        pytest.param({"output_layers": [["b", 0, 0], ["a", 0, 0]]}, ("b", "a"), id="list"),
        pytest.param(
            {"output_layers": {"second": ["a", 0, 0], "first": ["b", 0, 0]}},
            ("first", "second"),
            id="dict",
        ),
        pytest.param({"output_layers": {"all": []}}, ("b", "a"), id="nested"),
    ],
)
def test_names(fields: Any, names: tuple[str, ...]) -> None:
    assert output_names({"class_name": "Functional", "config": fields}, GRAPH) == names
