from __future__ import annotations

from typing import Any

import pytest

from tests.training.compiled import optimizer as made
from tfjs_serve.layers_format.catalog.compiled import LOSSES
from tfjs_serve.training.losses import loss_of, losses_of
from tfjs_serve.training.objects import UnmappedError


def function(name: str) -> dict[str, Any]:
    return {"module": "builtins", "class_name": "function", "config": name}


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param("huber", "TensorFlow.js has no loss huber", id="unknown"),
        pytest.param(made("Dice"), "TensorFlow.js has no loss Dice", id="unknown class"),
        pytest.param(None, "an output has no loss", id="null"),
        pytest.param(
            made("BinaryCrossentropy", from_logits=True),
            "BinaryCrossentropy has from_logits = True",
            id="logits",
        ),
        pytest.param(
            made("CategoricalCrossentropy", label_smoothing=0.1),
            "CategoricalCrossentropy has label_smoothing = 0.1",
            id="smoothing",
        ),
        pytest.param(
            made("MeanSquaredError", reduction="sum"),
            "MeanSquaredError has reduction = sum",
            id="reduction",
        ),
        pytest.param(
            made("CosineSimilarity", axis=1), "CosineSimilarity has axis = 1", id="another axis"
        ),
        pytest.param(made("Hinge", alpha=1), "Hinge has alpha = 1", id="any other setting"),
        pytest.param(
            made("LossFunctionWrapper", fn="mean_squared_error", reduction="sum"),
            "mean_squared_error has reduction = sum",
            id="wrapped",
        ),
    ],
)
def test_what_tfjs_computes_otherwise(value: Any, why: str) -> None:
    with pytest.raises(UnmappedError) as error:
        loss_of(value)
    assert str(error.value) == why


@pytest.mark.parametrize("name", LOSSES)
def test_every_spelling(name: str) -> None:
    assert loss_of(name) == loss_of(function(name)) == loss_of(made(name)) == LOSSES[name]


NEUTRAL = {"from_logits": False, "label_smoothing": 0.0, "axis": -1, "ignore_class": None}


@pytest.mark.parametrize("reduction", ["auto", "sum_over_batch_size", "mean", None])
def test_settings_that_say_nothing(reduction: str | None) -> None:
    value = made("KLDivergence", name="a", dtype={}, fn="x", reduction=reduction, **NEUTRAL)
    assert loss_of(value) == "kullback_leibler_divergence"


@pytest.mark.parametrize(
    ("value", "names", "why"),
    [
        pytest.param(None, "ab", "there is no loss", id="none"),
        pytest.param(7, "a", "the loss is no known kind", id="nonsense"),
        pytest.param(["mse"], "ab", "there are 1 losses for 2 outputs", id="too few"),
        pytest.param({"a": "mse"}, "ab", "an output has no loss", id="one output without"),
        pytest.param(["mse", None], "ab", "an output has no loss", id="one output with null"),
        pytest.param({"a": "mse", "c": "mse"}, "ab", "there is a loss for c, which is no output",
                     id="no output"),
    ],
)  # fmt: skip
def test_outputs_without_a_loss(value: Any, names: str, why: str) -> None:
    with pytest.raises(UnmappedError) as error:
        losses_of(value, names)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("value", "names", "expected"),
    [
        pytest.param("mse", "a", ["mean_squared_error"], id="one"),
        pytest.param(["mse"], "a", ["mean_squared_error"], id="one in a list"),
        pytest.param({"of a layer": "mse"}, "a", ["mean_squared_error"], id="one in a dict"),
        pytest.param("mae", "ab", ["mean_absolute_error"] * 2, id="for all"),
        pytest.param(["mse", "hinge"], "ab", ["mean_squared_error", "hinge"], id="list"),
        pytest.param({"b": "mse", "a": "hinge"}, "ab", ["hinge", "mean_squared_error"], id="dict"),
    ],
)
def test_a_loss_for_each_output(value: Any, names: str, expected: list[str]) -> None:
    assert losses_of(value, names) == expected
