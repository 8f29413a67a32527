from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest

from tfjs_serve.layers_format.model_json import DIGEST_HEX, ModelJson, WeightsGroup, digest
from tfjs_serve.layers_format.weights import ManifestEntry

GROUP = WeightsGroup(("a.bin", "b.bin"), (ManifestEntry("d/kernel", (2, 1), "float32"),))
CONFIG = {"class_name": "Sequential", "config": {"name": "größe", "layers": []}}


def model(**changes: Any) -> ModelJson:
    fields: dict[str, Any] = {
        "keras_version": "3.15.1",
        "backend": "tensorflow",
        "model_config": CONFIG,
        "topology_training_config": None,
        "groups": (GROUP,),
        "converted_by": "somebody",
    }
    return ModelJson(**{**fields, **changes})


def test_keys_and_their_order_are_the_official_ones() -> None:
    text = model(
        topology_training_config={"loss": "mse"},
        training_config={"loss": "mean_squared_error"},
        metadata={"labels": ["a"]},
    ).as_bytes()
    assert json.loads(text) == {
        "format": "layers-model",
        "generatedBy": "keras v3.15.1",
        "convertedBy": "somebody",
        "userDefinedMetadata": {"labels": ["a"]},
        "modelTopology": {
            "keras_version": "3.15.1",
            "backend": "tensorflow",
            "model_config": CONFIG,
            "training_config": {"loss": "mse"},
        },
        "trainingConfig": {"loss": "mean_squared_error"},
        "weightsManifest": [
            {
                "paths": ["a.bin", "b.bin"],
                "weights": [{"name": "d/kernel", "shape": [2, 1], "dtype": "float32"}],
            }
        ],
    }
    keys = (
        *("format", "generatedBy", "convertedBy", "userDefinedMetadata", "modelTopology"),
        *("keras_version", "backend", "model_config", "training_config", "trainingConfig"),
        *("weightsManifest", "paths", "weights", "name", "shape", "dtype"),
    )
    places = [
        text.index(f'"{key}"'.encode(), text.index(b'"weightsManifest"') if key in keys[-6:] else 0)
        for key in keys
    ]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("changes", "absent"),
    [
        pytest.param({}, "training", id="not compiled"),
        pytest.param({}, "userDefinedMetadata", id="no metadata"),
    ],
)
def test_what_is_not_given_is_not_written(changes: dict[str, Any], absent: str) -> None:
    assert absent.encode() not in model(**changes).as_bytes()


def test_empty_metadata_is_written() -> None:
    assert json.loads(model(metadata={}).as_bytes())["userDefinedMetadata"] == {}


def test_a_file_of_unknown_version_is_written_as_officially() -> None:
    document = json.loads(model(keras_version=None, backend=None).as_bytes())
    assert document["generatedBy"] == "keras vNone"
    assert document["modelTopology"]["keras_version"] is None


def test_equal_models_give_equal_ascii_bytes() -> None:
    assert model().as_bytes() == model().as_bytes()
    assert model().as_bytes().isascii()
    assert json.loads(model().as_bytes())["modelTopology"]["model_config"] == CONFIG


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_a_browser_cannot_read_are_no_json(number: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        model(metadata={"number": number}).as_bytes()


def test_digest() -> None:
    text = model().as_bytes()
    assert digest(text) == hashlib.sha256(text).hexdigest()[:16]
    assert DIGEST_HEX == 16
    assert digest(text) != digest(text + b" ")
