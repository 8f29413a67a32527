"""How outcomes of the suite become the committed results, and when a refusal may become one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance.cases import Made
from tests.conformance.collect import causes, main
from tests.conformance.refusals import expected
from tests.conformance.suite import plainest_first
from tests.conformance.support import load

LAYERS = {"a": "Dense"}
RIGHT = {"subject": "Dense", "layers": LAYERS, "errors": {"cpu": 1.25e-7, "wasm": 3e-7}}
REFUSED = {"subject": "Dense", "layers": LAYERS, "refused": [["Dense", "units = 12"]]}


def test_what_the_committed_results_saw_refused_is_accepted() -> None:
    assert causes(load("suite.json")["parts"]) == expected()


def outcomes(folder: Path, **models: Any) -> Path:
    found = {f"core/keras2/Dense.{name}.h5": model for name, model in models.items()}
    known = {"models": found, "unmade": {"keras2": ["Hashing"]}}
    (folder / "core.json").write_text(json.dumps(known), encoding="utf-8")
    return folder


def test_a_new_cause_is_told_and_not_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = outcomes(tmp_path, plain=RIGHT, big=REFUSED)
    assert main([str(folder), "--results", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "+ Dense: units = #\n"
    assert not (tmp_path / "refusals.json").exists()


def test_an_accepted_cause_is_expected_until_it_is_gone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = outcomes(tmp_path, plain=RIGHT, big=REFUSED)
    assert main([str(folder), "--results", str(tmp_path), "--accept"]) == 0
    assert expected(tmp_path / "refusals.json") == {"Dense": ["units = #"]}
    assert main([str(folder), "--results", str(tmp_path)]) == 0
    outcomes(tmp_path, plain=RIGHT)
    assert main([str(folder), "--results", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "- Dense: units = #\n"


def test_the_figures_of_a_part(tmp_path: Path) -> None:
    main([str(outcomes(tmp_path, plain=RIGHT, big=REFUSED)), "--results", str(tmp_path)])
    assert json.loads((tmp_path / "suite.json").read_text("utf-8"))["parts"]["core"] == {
        "predicted": {"cpu": 1, "wasm": 1},
        "unmade": {"keras2": ["Hashing"]},
        "subjects": {
            "keras2": {
                "Dense": {
                    "right": 1,
                    "refused": 1,
                    "errors": {"cpu": 1.2e-7, "wasm": 3e-7},
                    "causes": [["Dense", "units = #"]],
                }
            }
        },
    }


def test_the_plainest_files_of_each_subject_come_first() -> None:
    made = [
        Made(f"core/{keras}/{name}", Path(name), keras, name.split(".")[0], {}, [], [], "")
        for keras, name in (
            ("keras2", "Dense.units-3.h5"),
            ("keras2", "Dense.h5"),
            ("keras3", "Dense.h5"),
            ("keras2", "Flatten.h5"),
        )
    ]
    assert [(turn, case.id) for turn, case in plainest_first(made)] == [
        (0, "core/keras2/Dense.h5"),
        (0, "core/keras3/Dense.h5"),
        (0, "core/keras2/Flatten.h5"),
        (1, "core/keras2/Dense.units-3.h5"),
    ]
