"""Every operation of the companion module is predicted with in some fixture."""

from __future__ import annotations

import json
from pathlib import Path

from tests.fixtures.cases import CONVERTED
from tfjs_serve.convert import convert_file
from tfjs_serve.layers_format.catalog.companion import (
    ELEMENTWISE,
    OPERATION,
    PICKINGS,
    PRODUCTS,
    REDUCTIONS,
    REORDERINGS,
)

NAMES = ("companion_operation", "companion_choice")
CASES = [case for case in CONVERTED if case.id.rpartition("/")[2].startswith(NAMES)]


def operations(folder: Path) -> set[str]:
    """Return what the layers of the module in a converted model compute."""
    model = json.loads((folder / "model.json").read_text(encoding="utf-8"))
    layers = model["modelTopology"]["model_config"]["config"]["layers"]
    return {layer["config"]["operation"] for layer in layers if layer["class_name"] == OPERATION}


def test_all_are_predicted_with(tmp_path: Path) -> None:
    found = set[str]()
    for index, case in enumerate(CASES):
        convert_file(case.path, tmp_path / str(index))
        found |= operations(tmp_path / str(index))
    assert found == ELEMENTWISE.keys() | REDUCTIONS | REORDERINGS | PICKINGS | PRODUCTS
