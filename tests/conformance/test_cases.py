"""What of the made models is a file to be checked, and what Keras itself makes no file of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.conformance.cases import made_cases, unmade

MADE: dict[str, Any] = {"layers": {}, "inputs": [], "outputs": [], "unsaved": {}}


def described(folder: Path, subject: str, form: str, **known: Any) -> None:
    path = folder / "operations" / "keras3" / f"{subject}.{form}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"subject": subject, **known}), encoding="utf-8")


def test_nothing_was_made_of_a_part_that_was_not_run(tmp_path: Path) -> None:
    assert unmade(tmp_path, "operations") == {}
    assert list(made_cases(tmp_path, "operations")) == []


def test_what_keras_fails_with_in_every_form_is_told_apart(tmp_path: Path) -> None:
    described(tmp_path, "svd", "plain", unbuilt="ValueError: …")
    described(tmp_path, "fft", "plain", unpredicted="TypeError: …")
    described(tmp_path, "jvp", "plain", **{**MADE, "unsaved": {"h5": "…", "keras": "…"}})
    described(tmp_path, "acos", "plain", **MADE, unpredicted="not finite")
    described(tmp_path, "add", "bool", unbuilt="ValueError: …")
    described(tmp_path, "add", "plain", **MADE)
    described(tmp_path, "sub", "plain", **{**MADE, "unsaved": {"h5": "…"}})
    assert unmade(tmp_path, "operations") == {"keras3": ["fft", "jvp", "svd"]}


def test_only_files_with_finite_predictions_are_checked(tmp_path: Path) -> None:
    for form, known in (
        ("plain", MADE),
        ("infinite", {**MADE, "unpredicted": "not finite"}),
        ("unbuilt", {"unbuilt": "ValueError: …"}),
    ):
        described(tmp_path, "add", form, **known)
        (tmp_path / "operations" / "keras3" / f"add.{form}.keras").touch()
    assert [case.id for case in made_cases(tmp_path, "operations")] == [
        "operations/keras3/add.plain.keras"
    ]
