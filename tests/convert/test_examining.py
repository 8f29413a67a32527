"""What can be told of a file, whether it is converted or not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fixtures.cases import CASES, Case
from tfjs_serve.artifacts import Options, TensorInfo
from tfjs_serve.convert.examining import examine
from tfjs_serve.inspection import Inspection, LayerInfo, Training, walk
from tfjs_serve.report import NoteKind


def found(case: str, *allow_custom: str) -> Inspection:
    (path,) = (one.path for one in CASES if one.id == case)
    return examine(path, Options(allow_custom=allow_custom))


def test_a_file_that_is_no_model(tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_text("not a model")
    inspection = examine(path)
    assert inspection.error is not None
    assert inspection == Inspection("m.h5", error=inspection.error)
    assert "text file" in inspection.error.message


def test_a_model_whose_config_is_not_understood() -> None:
    inspection = found("keras3/refused_subclassed_model")
    assert inspection.error is not None
    assert inspection.layers == ()
    assert (inspection.keras_version, inspection.container) == ("3.15.1", "h5")


@pytest.mark.parametrize("case", ["keras2/functional", "keras3/functional"])
def test_a_model(case: str) -> None:
    inspection = found(case)
    assert inspection.layers == (
        LayerInfo("x", "InputLayer", ((None, 3),), 0),
        LayerInfo("low", "Dense", ((None, 4),), 16),
        LayerInfo("high", "Dense", ((None, 4),), 20),
        LayerInfo("skip", "Add", ((None, 4),), 0),
        LayerInfo("top", "Dense", ((None, 2),), 10),
    )
    assert inspection.error is None
    assert (inspection.name, inspection.kind) == ("residual", "Functional")
    assert inspection.inputs == (TensorInfo("x", (None, 3), "float32"),)
    assert inspection.outputs == (TensorInfo("top", (None, 2), "float32"),)
    assert inspection.dtypes == {"float32": 46}
    assert inspection.training is None
    assert "dtype_policies" in inspection.report.rules["low"]


def test_layers_of_nested_models_lie_inside_them() -> None:
    inspection = found("keras3/nested_functional")
    (model,) = (layer for layer in inspection.layers if layer.inside)
    assert model.parameters == sum(layer.parameters for layer in model.inside) > 0
    assert all(None not in layer.shapes and layer.shapes for layer, _ in walk(inspection.layers))


def test_a_refused_model_tells_all_the_same() -> None:
    inspection = found("keras2/refused_custom_weights")
    assert inspection.error is not None
    assert [reason.layer for reason in inspection.error.reasons] == ["mixed", "block"]
    assert inspection.layers == (
        LayerInfo("x", "InputLayer", ((None, 3),), 0),
        LayerInfo("mixed", "mine>MixIn", (None,), 16),
        LayerInfo("block", "mine>Block", (None,), 20),
        LayerInfo("top", "Dense", (None,), 10),
    )
    assert inspection.inputs == (TensorInfo("x", (None, 3), "float32"),)
    assert inspection.outputs == (TensorInfo("top", None, "float32"),)


def test_the_same_model_with_shapes_and_its_classes_allowed() -> None:
    inspection = found("keras3/refused_custom_archive", "MixIn", "Block")
    assert inspection.error is None
    assert inspection.container == "keras"
    assert inspection.custom_classes == ("Block", "MixIn")
    assert [layer.shapes for layer in inspection.layers] == [
        ((None, 3),),
        ((None, 4),),
        ((None, 4),),
        ((None, 2),),
    ]
    assert len(inspection.report.of_kind(NoteKind.PAGE)) == 2


def test_what_a_model_was_compiled_with() -> None:
    training = found("keras3/compiled").training
    assert isinstance(training, Training)
    assert training.optimizer == "Adam"


@pytest.mark.parametrize("case", CASES[::7], ids=lambda case: case.id)
def test_any_fixture_is_told_of_as_json(case: Case) -> None:
    inspection = examine(case.path)
    data = json.loads(json.dumps(inspection.as_json(), allow_nan=False))
    assert data["converts"] is (data["error"] is None)
    assert data["error"] is None or data["error"]["reasons"]
