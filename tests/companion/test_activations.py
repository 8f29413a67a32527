"""Every activation of the companion module is predicted with in some fixture."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.fixtures.cases import CONVERTED
from tfjs_serve.convert import convert_file
from tfjs_serve.layers_format.catalog.companion_activations import FUNCTIONS, is_own_activation

CASES = [case for case in CONVERTED if "/companion_activation" in case.id]


def functions(value: Any) -> set[str]:
    """Return the names of the functions anywhere in a config."""
    if is_own_activation(value):
        return {value["config"]["name"]}
    items = value.values() if isinstance(value, dict) else value
    return set().union(*map(functions, items)) if isinstance(value, dict | list) else set()


def test_all_are_predicted_with(tmp_path: Path) -> None:
    found = set[str]()
    for index, case in enumerate(CASES):
        convert_file(case.path, tmp_path / str(index))
        model = json.loads((tmp_path / str(index) / "model.json").read_text(encoding="utf-8"))
        found |= functions(model["modelTopology"])
    assert found == set(FUNCTIONS)
