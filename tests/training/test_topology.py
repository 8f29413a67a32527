from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.report import Note, NoteKind
from tfjs_serve.training.topology import without_custom_parts

ADAM = {"class_name": "Adam", "config": {"learning_rate": 0.001}}


def config(**changes: Any) -> dict[str, Any]:
    return {
        "loss": "mse",
        "metrics": None,
        "weighted_metrics": None,
        "optimizer_config": ADAM,
        **changes,
    }


def function(name: str, module: str = "builtins") -> dict[str, Any]:
    return {"module": module, "class_name": "function", "config": name, "registered_name": name}


def wrapped(name: Any) -> dict[str, Any]:
    return {"class_name": "MeanMetricWrapper", "config": {"name": "m", "fn": name}}


def left_out(*found: str) -> tuple[Note, ...]:
    return tuple(
        Note(f"the custom {what} is left out: it matters to training only", kind=NoteKind.DROPPED)
        for what in found
    )


def test_a_model_that_was_not_compiled() -> None:
    assert without_custom_parts(None) == (None, ())


MSE_OBJECT = {"class_name": "MeanSquaredError", "config": {"name": "mse", "reduction": "sum"}}


@pytest.mark.parametrize(
    "training",
    [
        pytest.param({}, id="empty"),
        pytest.param(config(), id="loss by name"),
        pytest.param(config(loss=None), id="no loss"),
        pytest.param(config(loss=MSE_OBJECT), id="loss as an object"),
        pytest.param(config(loss=function("mean_squared_error")), id="loss as a function"),
        pytest.param(config(loss=["mse", "mae", None]), id="list of losses"),
        pytest.param(config(loss={"a": "mse", "b": MSE_OBJECT}), id="dict of losses"),
        pytest.param(config(metrics=["accuracy", "acc"]), id="metrics by name"),
        pytest.param(config(metrics=[["mae"], []]), id="nested metrics"),
        pytest.param(config(metrics={"a": ["mae", MSE_OBJECT]}), id="dict of metrics"),
        pytest.param(config(metrics=[[wrapped("mean_absolute_error")]]), id="wrapped function"),
        pytest.param(
            config(metrics=[wrapped(function("mean_absolute_error"))]), id="wrapped, Keras 3"
        ),
        pytest.param(
            config(optimizer_config={**ADAM, "class_name": "Custom>Adam"}), id="registered by Keras"
        ),
        pytest.param(config(loss_weights={"a": 0.5}), id="other fields"),
    ],
)
def test_what_keras_has_itself_stays(training: dict[str, Any]) -> None:
    assert without_custom_parts(training) == (training, ())


@pytest.mark.parametrize(
    ("training", "notes"),
    [
        pytest.param(config(loss="my_loss"), ["loss 'my_loss'"], id="loss by name"),
        pytest.param(config(loss=function("my_loss")), ["loss 'my_loss'"], id="function"),
        pytest.param(config(loss=function("pkg>my_loss")), ["loss 'pkg>my_loss'"], id="registered"),
        pytest.param(
            config(loss={"class_name": "Custom>MyLoss", "config": {}}),
            ["loss 'MyLoss'"],
            id="object",
        ),
        pytest.param(
            config(loss={"class_name": "LossFunctionWrapper", "config": {"fn": "my_loss"}}),
            ["loss 'my_loss'"],
            id="wrapped function",
        ),
        pytest.param(
            config(loss={"a": "mse", "b": ["my_loss", "other", "my_loss"]}),
            ["loss 'my_loss'", "loss 'other'"],
            id="nested, each once",
        ),
        pytest.param(
            config(optimizer_config={"class_name": "MyAdam", "config": {}}),
            ["optimizer 'MyAdam'"],
            id="optimizer",
        ),
        pytest.param(
            config(loss="my_loss", optimizer_config="mine", metrics=["my_metric"]),
            ["optimizer 'mine'", "loss 'my_loss'", "metric 'my_metric'"],
            id="everything",
        ),
    ],
)
def test_without_its_loss_or_optimizer_nothing_is_left(
    training: dict[str, Any], notes: list[str]
) -> None:
    assert without_custom_parts(training) == (None, left_out(*notes))


@pytest.mark.parametrize(
    ("changes", "kept", "names"),
    [
        pytest.param({"metrics": ["mae", "mine"]}, {"metrics": ["mae"]}, ["mine"], id="list"),
        pytest.param(
            {"metrics": [["mae", "mine"], ["mine"]]},
            {"metrics": [["mae"], []]},
            ["mine"],
            id="nested lists keep their places",
        ),
        pytest.param(
            {"metrics": {"a": ["mine"], "b": "mine", "c": "mae"}},
            {"metrics": {"a": [], "c": "mae"}},
            ["mine"],
            id="dict",
        ),
        pytest.param(
            {"metrics": [wrapped("mine"), wrapped("mse")]},
            {"metrics": [wrapped("mse")]},
            ["mine"],
            id="wrapped",
        ),
        pytest.param(
            {"metrics": ["mine"], "weighted_metrics": [function("yours"), "mae"]},
            {"metrics": [], "weighted_metrics": ["mae"]},
            ["mine", "yours"],
            id="weighted, too",
        ),
        pytest.param(
            {"metrics": [{"class_name": "Custom>Mine", "config": {}}, "mine"]},
            {"metrics": []},
            ["Mine", "mine"],
            id="objects",
        ),
    ],
)
def test_custom_metrics_go_one_by_one(
    changes: dict[str, Any], kept: dict[str, Any], names: list[str]
) -> None:
    training = config(**changes)
    notes = left_out(*(f"metric {name!r}" for name in names))
    assert without_custom_parts(training) == (config(**{**changes, **kept}), notes)


def test_a_field_that_was_absent_stays_absent() -> None:
    found, _ = without_custom_parts({"loss": "mse", "metrics": ["mine"]})
    assert found == {"loss": "mse", "metrics": []}


def test_the_given_config_is_left_as_it_was() -> None:
    training = config(metrics=["mine", ["mine"]])
    without_custom_parts(training)
    assert training == config(metrics=["mine", ["mine"]])
