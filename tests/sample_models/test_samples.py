"""The sample models are complete, real and small, and their README says what is there."""

import json
import math
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parents[2] / "sample_models"
MODELS = sorted(path.stem for path in HERE.glob("*.h5"))
WITHOUT_CLASSES = {"diabetes"}

ROW = re.compile(r"^\| `(?P<file>[^`]+)` \|(?P<cells>.+)\|$", re.MULTILINE)


def samples_of(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HERE / f"{name}.samples.json").read_text(encoding="utf-8"))
    return found


def rows_of(tensor: dict[str, Any]) -> list[list[float]]:
    """Return the values of each sample."""
    size = math.prod(tensor["shape"][1:])
    values = tensor["values"]
    return [values[i : i + size] for i in range(0, len(values), size)]


def test_nothing_else_lies_there() -> None:
    expected = {"README.md", "train.py"}
    for name in MODELS:
        expected |= {f"{name}.h5", f"{name}.samples.json"}
        if name not in WITHOUT_CLASSES:
            expected.add("topics.labels.json" if name == "topics" else f"{name}.labels.txt")
    visible = {p.name for p in HERE.iterdir() if not p.name.startswith((".", "__"))}
    assert visible == expected


def test_all_is_small() -> None:
    sizes = {p.name: p.stat().st_size for p in HERE.glob("*.*") if p.is_file()}
    assert sum(sizes.values()) < 3_000_000, sizes


@pytest.mark.parametrize("name", MODELS)
def test_samples_are_real(name: str) -> None:
    samples = samples_of(name)
    for tensor in [*samples["inputs"].values(), *samples["outputs"].values()]:
        assert tensor["shape"][0] >= 8
        assert len(tensor["values"]) == math.prod(tensor["shape"])
        assert all(math.isfinite(value) for value in tensor["values"])
    for tensor in samples["inputs"].values():
        assert len({tuple(row) for row in rows_of(tensor)}) >= 8


@pytest.mark.parametrize("name", MODELS)
def test_predictions_differ_from_input_to_input(name: str) -> None:
    for tensor in samples_of(name)["outputs"].values():
        rows = rows_of(tensor)
        scale = max(abs(value) for row in rows for value in row)
        assert all(
            max(abs(a - b) for a, b in zip(one, other, strict=True)) > 1e-6 * scale
            for one, other in pairwise(rows)
        )


@pytest.mark.parametrize("name", sorted({*MODELS} - WITHOUT_CLASSES))
def test_each_class_has_a_label_and_more_than_one_is_predicted(name: str) -> None:
    (tensor,) = samples_of(name)["outputs"].values()
    if name == "topics":
        labels = json.loads((HERE / "topics.labels.json").read_text(encoding="utf-8"))
    else:
        labels = (HERE / f"{name}.labels.txt").read_text(encoding="utf-8").splitlines()
    assert len(labels) == len(set(labels)) == tensor["shape"][-1]
    assert len({max(range(len(row)), key=row.__getitem__) for row in rows_of(tensor)}) > 1


def test_readme_tells_of_each_model() -> None:
    rows = {row["file"]: row["cells"] for row in ROW.finditer((HERE / "README.md").read_text())}
    assert set(rows) == {f"{name}.h5" for name in MODELS}
    for name in MODELS:
        samples = samples_of(name)
        _, measured, version, _ = (cell.strip() for cell in rows[f"{name}.h5"].split("|"))
        assert measured == told(samples["measured"])
        assert version == ".".join(samples["keras_version"].split(".")[:2])


def told(measured: dict[str, float]) -> str:
    """Return a measurement in the words of the README."""
    ((kind, value),) = measured.items()
    return f"R² {value:.2f}" if kind == "R2" else f"{kind} {100 * value:.1f} %"


@pytest.mark.parametrize(
    ("name", "kind", "least"),
    [
        ("digits_keras2", "accuracy", 0.97),
        ("digits_keras3", "accuracy", 0.97),
        ("wine", "accuracy", 0.93),
        ("diabetes", "R2", 0.4),
    ],
)
def test_models_are_good(name: str, kind: str, least: float) -> None:
    assert samples_of(name)["measured"][kind] >= least
