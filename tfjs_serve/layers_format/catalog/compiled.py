"""What TensorFlow.js can be compiled with that computes as Keras does.

Names are those of Keras, as classes, functions and short strings; values are tfjs's. What tfjs
knows by name but computes otherwise is missing: its `cosine` is Keras's metric with the other sign,
its `precision` counts predictions that equal 1 (metrics.ts), its Adadelta divides by the old
accumulator (adadelta_optimizer.ts).

Source: tfjs-layers/src/losses.ts `lossesMap`, metrics.ts `metricsMap`, engine/training.ts
`loadTrainingConfig`; tfjs-core/src/optimizers, `fromConfig` of each class.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_LOSS_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "mean_squared_error": ("MeanSquaredError", "mse", "MSE"),
    "mean_absolute_error": ("MeanAbsoluteError", "mae", "MAE"),
    "mean_absolute_percentage_error": ("MeanAbsolutePercentageError", "mape", "MAPE"),
    "mean_squared_logarithmic_error": ("MeanSquaredLogarithmicError", "msle", "MSLE"),
    "squared_hinge": ("SquaredHinge",),
    "hinge": ("Hinge",),
    "categorical_hinge": ("CategoricalHinge",),
    "logcosh": ("LogCosh", "log_cosh"),
    "categorical_crossentropy": ("CategoricalCrossentropy",),
    "sparse_categorical_crossentropy": ("SparseCategoricalCrossentropy",),
    "binary_crossentropy": ("BinaryCrossentropy", "bce", "BCE"),
    "kullback_leibler_divergence": ("KLDivergence", "kl_divergence", "kld", "KLD"),
    "poisson": ("Poisson",),
    "cosine_proximity": ("CosineSimilarity", "cosine_similarity", "cosine"),
}

LOSSES: Mapping[str, str] = {
    spelling: name for name, others in _LOSS_SPELLINGS.items() for spelling in (name, *others)
}
"""tfjs's loss for each spelling of Keras's."""

HINGES = frozenset({"hinge", "squared_hinge"})
"""Losses for which Keras also takes labels of 0 and 1, and tfjs only those of -1 and 1."""

_METRIC_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    "mse": ("mean_squared_error", "MeanSquaredError", "MSE"),
    "mae": ("mean_absolute_error", "MeanAbsoluteError", "MAE"),
    "mape": ("mean_absolute_percentage_error", "MeanAbsolutePercentageError", "MAPE"),
    "binary_accuracy": ("BinaryAccuracy",),
    "categorical_accuracy": ("CategoricalAccuracy",),
    "sparse_categorical_accuracy": ("SparseCategoricalAccuracy",),
    "binary_crossentropy": ("BinaryCrossentropy", "bce", "BCE"),
    "categorical_crossentropy": ("CategoricalCrossentropy",),
    "sparse_categorical_crossentropy": ("SparseCategoricalCrossentropy",),
    "accuracy": ("acc",),
    "crossentropy": ("ce",),
}

METRICS: Mapping[str, str] = {
    spelling: name for name, others in _METRIC_SPELLINGS.items() for spelling in (name, *others)
}
"""The metric that each spelling of Keras's means; `accuracy` and `crossentropy` mean the one that
fits the output and the loss."""

METRICS_BY_NAME = frozenset(
    (
        *("mse", "mae", "mape", "binary_accuracy", "categorical_accuracy"),
        *("categorical_crossentropy", "sparse_categorical_crossentropy"),
    )
)
"""Metrics that tfjs finds by their own name; the others it finds as `accuracy` and
`crossentropy` where it takes the same of them as Keras."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A number of an optimizer: what Keras calls it, and its value where nobody chose one."""

    keras: str
    default: Any


@dataclass(frozen=True, slots=True)
class OptimizerSpec:
    """An optimizer that tfjs has.

    class_name: tfjs's. settings: by tfjs's name. constants: what tfjs wants and Keras has not.
    """

    class_name: str
    settings: Mapping[str, Setting]
    constants: Mapping[str, Any]


def _spec(class_name: str, settings: Mapping[str, Setting], **constants: Any) -> OptimizerSpec:
    return OptimizerSpec(class_name, settings, constants)


_BETAS = {"beta_1": Setting("beta_1", 0.9), "beta_2": Setting("beta_2", 0.999)}
_EPSILON = {"epsilon": Setting("epsilon", 1e-7)}
_ADAM = _spec("Adam", {"learning_rate": Setting("learning_rate", 0.001), **_BETAS, **_EPSILON})

OPTIMIZERS: Mapping[str, OptimizerSpec] = {
    "SGD": _spec("SGD", {"learning_rate": Setting("learning_rate", 0.01)}),
    "Momentum": _spec(
        "Momentum",
        {
            "learning_rate": Setting("learning_rate", 0.01),
            "momentum": Setting("momentum", 0.0),
            "use_nesterov": Setting("nesterov", False),
        },
    ),
    "RMSprop": _spec(
        "RMSProp",
        {
            "learning_rate": Setting("learning_rate", 0.001),
            "decay": Setting("rho", 0.9),
            "momentum": Setting("momentum", 0.0),
            **_EPSILON,
        },
        centered=False,
    ),
    "Adam": _ADAM,
    "AdamW": _ADAM,
    "Adamax": _spec(
        "Adamax",
        {"learning_rate": Setting("learning_rate", 0.001), **_BETAS, **_EPSILON},
        decay=0.0,
    ),
    "Adagrad": _spec(
        "Adagrad",
        {
            "learning_rate": Setting("learning_rate", 0.001),
            "initial_accumulator_value": Setting("initial_accumulator_value", 0.1),
        },
    ),
}
"""tfjs's optimizer for each class of Keras's; `Momentum` is an SGD with momentum."""

DROPPED = (
    *("weight_decay", "clipnorm", "clipvalue", "global_clipnorm", "use_ema", "amsgrad"),
    *("gradient_accumulation_steps", "loss_scale_factor"),
)
"""Settings of Keras's optimizers that tfjs has nothing for."""
