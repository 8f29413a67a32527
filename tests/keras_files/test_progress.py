"""How far a model was trained, from the variables of its optimizer."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.keras_files.h5_samples import write_model
from tests.keras_files.test_archive import MEMBERS, MODEL, archive
from tfjs_serve.keras_files.archive import CONFIG, METADATA, WEIGHTS
from tfjs_serve.keras_files.model import Progress
from tfjs_serve.keras_files.opening import open_keras_file

COMPILED = {"loss": "mse", "optimizer_config": {"class_name": "SGD", "config": {}}}


def progress(path: Path) -> Progress:
    with open_keras_file(path) as file:
        return file.model.progress


def h5(path: Path, training: Any, variables: dict[str, Any]) -> Path:
    write_model(path, training_config=training)
    with h5py.File(path, "a") as file:
        group = file.create_group("optimizer_weights")
        group.attrs["weight_names"] = np.array([name.encode() for name in variables])
        for name, value in variables.items():
            group[name] = value
    return path


@pytest.mark.parametrize(
    ("training", "variables"),
    [
        pytest.param(None, {"iteration:0": 7}, id="not compiled"),
        pytest.param(COMPILED, {}, id="no variables"),
        pytest.param(COMPILED, {"sgd/iteration": [1, 2], "m": 3.0}, id="no scalar"),
        pytest.param(COMPILED, {"sgd/iteration": -1}, id="negative"),
        pytest.param(COMPILED, {"sgd/learning_rate": np.float32("nan")}, id="no number"),
        pytest.param(COMPILED, {"sgd/iteration": "seven"}, id="a text"),
    ],
)
def test_what_tells_nothing(training: Any, variables: dict[str, Any], tmp_path: Path) -> None:
    assert progress(h5(tmp_path / "m.h5", training, variables)) == Progress()


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param({"iteration:0": np.int64(7)}, Progress(7), id="Keras 2.15"),
        pytest.param({"Adam/iter:0": np.int64(7)}, Progress(7), id="tf.keras before 2.11"),
        pytest.param({"Adam/iterations:0": np.int64(7)}, Progress(7), id="Keras 2.2"),
        pytest.param(
            {"sgd/iteration": np.int64(7), "sgd/learning_rate": np.float32(0.25)},
            Progress(7, 0.25),
            id="Keras 3",
        ),
    ],
)
def test_variables_by_name(variables: dict[str, Any], expected: Progress, tmp_path: Path) -> None:
    assert progress(h5(tmp_path / "m.h5", COMPILED, variables)) == expected


@pytest.mark.parametrize(
    ("version", "expected"), [("2.15.0", Progress(7)), ("3.15.1", Progress(7, 0.25))]
)
def test_variables_by_number(version: str, expected: Progress, tmp_path: Path) -> None:
    data = io.BytesIO(MEMBERS[WEIGHTS])
    with h5py.File(data, "a") as file:
        file["optimizer/vars/0"][()] = 7
        file["optimizer/vars/1"] = np.float32(0.25)
    config = {**MODEL, "compile_config": {"optimizer": "sgd", "loss": "mse"}}
    members = {
        **MEMBERS,
        METADATA: json.dumps({"keras_version": version}).encode(),
        CONFIG: json.dumps(config).encode(),
        WEIGHTS: data.getvalue(),
    }
    assert progress(archive(tmp_path / "m.keras", members)) == expected
