"""The names that are carried over are names of Keras's own."""

from __future__ import annotations

from tfjs_serve.layers_format.catalog import training
from tfjs_serve.layers_format.catalog.compiled import (
    HINGES,
    LOSSES,
    METRICS,
    METRICS_BY_NAME,
    OPTIMIZERS,
)


def test_every_spelling_is_one_of_keras() -> None:
    assert set(LOSSES) <= training.LOSSES
    assert set(METRICS) <= training.METRICS
    assert set(OPTIMIZERS) - {"Momentum"} <= training.OPTIMIZERS


def test_the_tables_agree() -> None:
    assert set(LOSSES.values()) >= HINGES
    assert set(METRICS.values()) >= METRICS_BY_NAME


def test_every_optimizer_has_a_learning_rate_first() -> None:
    assert {next(iter(spec.settings)) for spec in OPTIMIZERS.values()} == {"learning_rate"}
