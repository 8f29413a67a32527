"""Names of the losses, metrics and optimizers that are Keras's own.

They are every spelling that a training config of Keras 2.15 or 3.15 may hold: classes, functions
and the short strings their `get` and `deserialize` take (keras/src/losses, metrics, optimizers:
`ALL_OBJECTS_DICT` in Keras 3, the module's names in Keras 2), and what older Kerases called
theirs. A name that is missing is the user's. Prefixes such as `Custom>` are not part of a name.
"""

from __future__ import annotations

_SHARED_LOSSES = frozenset(
    {
        # Also names of metrics, as classes or as functions.
        "BinaryCrossentropy",
        "CategoricalCrossentropy",
        "CategoricalHinge",
        "CosineSimilarity",
        "Hinge",
        "KLDivergence",
        "MeanAbsoluteError",
        "MeanAbsolutePercentageError",
        "MeanSquaredError",
        "MeanSquaredLogarithmicError",
        "Poisson",
        "SparseCategoricalCrossentropy",
        "SquaredHinge",
        "BCE",
        "KLD",
        "MAE",
        "MAPE",
        "MSE",
        "MSLE",
        "bce",
        "kld",
        "mae",
        "mape",
        "mse",
        "msle",
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "categorical_hinge",
        "cosine_similarity",
        "hinge",
        "huber",
        "kl_divergence",
        "kullback_leibler_divergence",
        "log_cosh",
        "logcosh",
        "mean_absolute_error",
        "mean_absolute_percentage_error",
        "mean_squared_error",
        "mean_squared_logarithmic_error",
        "poisson",
        "sparse_categorical_crossentropy",
        "squared_hinge",
        # Until Keras 2.2 and tf.keras 1.13.
        "cosine",
        "cosine_proximity",
    }
)

LOSSES: frozenset[str] = _SHARED_LOSSES | {
    "BinaryFocalCrossentropy",
    "CTC",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "Circle",
    "Dice",
    "Huber",
    "LogCosh",
    "Tversky",
    "categorical_generalized_cross_entropy",
    "circle",
    "ctc",
    "dice",
    "tversky",
    # Until tf.keras 2.3.
    "huber_loss",
}
"""Classes and functions of keras.losses."""

METRICS: frozenset[str] = _SHARED_LOSSES | {
    "AUC",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryIoU",
    "CategoricalAccuracy",
    "ConcordanceCorrelation",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "IoU",
    "LogCoshError",
    "Mean",
    "MeanIoU",
    "MeanRelativeError",
    "MeanTensor",
    "OneHotIoU",
    "OneHotMeanIoU",
    "PearsonCorrelation",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    # Strings that compile() turns into the fitting one.
    "acc",
    "accuracy",
    "ce",
    "crossentropy",
    # Functions.
    "binary_accuracy",
    "categorical_accuracy",
    "concordance_correlation",
    "pearson_correlation",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
    # Keras 3 takes every class by its name in snake case too.
    "auc",
    "binary_io_u",
    "f1_score",
    "f_beta_score",
    "false_negatives",
    "false_positives",
    "io_u",
    "log_cosh_error",
    "mean",
    "mean_io_u",
    "one_hot_io_u",
    "one_hot_mean_io_u",
    "precision",
    "precision_at_recall",
    "r2_score",
    "recall",
    "recall_at_precision",
    "root_mean_squared_error",
    "sensitivity_at_specificity",
    "specificity_at_sensitivity",
    "sum",
    "true_negatives",
    "true_positives",
}
"""Classes and functions of keras.metrics."""

_OPTIMIZER_CLASSES = frozenset(
    {
        "Adadelta",
        "Adafactor",
        "Adagrad",
        "Adam",
        "AdamW",
        "Adamax",
        "Ftrl",
        "Lamb",
        "Lion",
        "LossScaleOptimizer",
        "LossScaleOptimizerV1",
        "LossScaleOptimizerV3",
        "MultiOptimizer",
        "Muon",
        "Nadam",
        "OptimizerMap",
        "RMSprop",
        "SGD",
        "ScheduleFreeAdamW",
    }
)

# Both Kerases look an optimizer up without regard to case.
OPTIMIZERS: frozenset[str] = _OPTIMIZER_CLASSES | {name.lower() for name in _OPTIMIZER_CLASSES}
"""Classes of keras.optimizers, also in small letters."""
