"""The same bytes as the official converter writes, for models on which only cleaning rules fire.

official.json holds digests made by that converter itself (scripts/official-digests).
"""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import pytest

from tfjs_serve import convert_file
from tfjs_serve.artifacts import Options
from tfjs_serve.cli.convert import convert
from tfjs_serve.convert.translation import translate
from tfjs_serve.keras_files.opening import open_keras_file

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
KNOWN = json.loads((FIXTURES / "official.json").read_text())
CASES = KNOWN["cases"]
RUNS = [(name, way) for name, case in CASES.items() for way in case["outputs"]]

CLEANING = frozenset({"axes", "bookkeeping", "dtype_policies", "input_layers"})

CLEANED = frozenset(
    {
        *("activity_regularizer", "batch_input_shape", "build_config", "data_format", "dtype"),
        *("dilation_rate", "groups", "implementation", "input_length", "keepdims", "module"),
        *("output_padding", "ragged", "registered_name", "time_major", "trainable", "unroll"),
        # tfjs refuses these three in SeparableConv2D (convolutional.ts 1086).
        *("kernel_constraint", "kernel_initializer", "kernel_regularizer"),
        *("beta_constraint", "gamma_constraint", "negative_slope", "threshold"),
    }
)
"""Keys of a topology that we leave out: tfjs ignores them, or stumbles over them."""


def model(name: str, folder: Path) -> Path:
    """Return a committed model as a file."""
    if name.startswith("sample_models/"):
        return ROOT / f"{name}.h5"
    path = folder / "model.h5"
    path.write_bytes(gzip.decompress((FIXTURES / f"{name}.h5.gz").read_bytes()))
    return path


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def test_the_digests_are_those_of_numpy_2() -> None:
    """NumPy 1 evaluates the affine formula in float32, which gives some other codes."""
    assert KNOWN["tensorflowjs"] == "4.22.0"
    assert int(KNOWN["numpy"].split(".")[0]) >= 2


@pytest.mark.parametrize("name", CASES)
def test_only_cleaning_rules_fire(name: str, tmp_path: Path) -> None:
    with open_keras_file(model(name, tmp_path)) as file:
        assert file.model.generation == 2
        found = translate(file.model, Options())
    assert {item.rule for item in found.report.applied} <= CLEANING


@pytest.mark.parametrize(("name", "way"), RUNS)
def test_manifest_and_shards_are_the_official_ones(
    name: str, way: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    words = [*way.split(), "--input_format=keras", "--output_format=tfjs_layers_model"]
    assert convert.main([*words, str(model(name, tmp_path)), str(out)], standalone_mode=False) == 0
    assert ("deprecated" in capsys.readouterr().err) is ("--quantization_bytes" in way)
    manifest = json.loads((out / "model.json").read_text())["weightsManifest"]
    paths = [path for group in manifest for path in group["paths"]]
    assert {
        "manifest": digest(json.dumps(manifest).encode()),
        "shards": [digest((out / path).read_bytes()) for path in paths],
    } == CASES[name]["outputs"][way]
    assert sorted(path.name for path in out.iterdir()) == sorted([*paths, "model.json"])


def official_topology(path: Path) -> Any:
    """Return what the official converter writes: the attributes of the file."""
    with h5py.File(path) as file:
        found = {name: file.attrs[name] for name in ("keras_version", "backend")}
        for name in ("model_config", "training_config"):
            if name in file.attrs:
                found[name] = json.loads(file.attrs[name])
    return found


def differences(official: Any, ours: Any, key: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the keys whose values differ, and whether we leave them out."""
    if isinstance(official, dict) and isinstance(ours, dict):
        assert not ours.keys() - official.keys()
        for name, value in official.items():
            if name in ours:
                yield from differences(value, ours[name], name)
            else:
                yield name, True
    elif isinstance(official, list) and isinstance(ours, list) and len(official) == len(ours):
        for one, other in zip(official, ours, strict=True):
            yield from differences(one, other, key)
    elif official != ours or type(official) is not type(ours):
        yield key, False


@pytest.mark.parametrize("name", CASES)
def test_the_topology_is_the_official_one_without_cleaned_keys(name: str, tmp_path: Path) -> None:
    path = model(name, tmp_path)
    official = official_topology(path)
    assert digest(json.dumps(official, sort_keys=True).encode()) == CASES[name]["topology"]
    convert_file(path, tmp_path / "out")
    ours = json.loads((tmp_path / "out" / "model.json").read_text())["modelTopology"]
    found = set(differences(official, ours))
    # An axis is written as one number from 0 on: tfjs takes [1] and -2 for others.
    assert found <= {("axis", False), *((key, True) for key in CLEANED)}
