"""Which losses, metrics and optimizers are Keras's own."""

from __future__ import annotations

import pytest

from tfjs_serve.layers_format.catalog.training import LOSSES, METRICS, OPTIMIZERS


@pytest.mark.parametrize("table", [LOSSES, METRICS, OPTIMIZERS])
@pytest.mark.parametrize("name", ["my_loss", "MyAdam", "Custom>Adam", "<lambda>", "", "loss_fn"])
def test_what_a_user_wrote_is_missing(name: str, table: frozenset[str]) -> None:
    assert name not in table


@pytest.mark.parametrize("name", ["Adam", "adam", "accuracy", "AUC", "Recall"])
def test_other_things_are_no_losses(name: str) -> None:
    assert name not in LOSSES


@pytest.mark.parametrize(
    "name",
    [
        *("mse", "MSE", "mean_squared_error", "MeanSquaredError"),
        *("binary_crossentropy", "BinaryCrossentropy", "bce"),
        *("kld", "KLD", "kl_divergence", "kullback_leibler_divergence", "KLDivergence"),
        *("logcosh", "log_cosh", "LogCosh", "huber", "huber_loss", "Huber"),
        *("cosine_similarity", "cosine_proximity", "CosineSimilarity"),
        *("categorical_focal_crossentropy", "CategoricalFocalCrossentropy"),
        *("CTC", "ctc", "Dice", "dice", "Tversky", "tversky", "Circle", "circle"),
        *("CategoricalGeneralizedCrossEntropy", "categorical_generalized_cross_entropy"),
    ],
)
def test_losses_by_every_spelling(name: str) -> None:
    assert name in LOSSES


@pytest.mark.parametrize(
    "name",
    [
        *("accuracy", "acc", "ce", "crossentropy", "mae", "mse"),
        *("AUC", "auc", "Recall", "recall", "F1Score", "f1_score", "MeanIoU", "mean_io_u"),
        *("MeanRelativeError", "MeanTensor", "PearsonCorrelation", "pearson_correlation"),
        *("sparse_top_k_categorical_accuracy", "SparseTopKCategoricalAccuracy"),
        *("LogCoshError", "log_cosh_error", "RootMeanSquaredError"),
    ],
)
def test_metrics_by_every_spelling(name: str) -> None:
    assert name in METRICS


@pytest.mark.parametrize(
    "name",
    [
        *("SGD", "sgd", "Adam", "adam", "AdamW", "adamw", "RMSprop", "rmsprop", "Nadam", "Ftrl"),
        *("Adafactor", "Lion", "Lamb", "Muon", "LossScaleOptimizer", "ScheduleFreeAdamW"),
    ],
)
def test_optimizers_in_any_case(name: str) -> None:
    assert name in OPTIMIZERS
