from __future__ import annotations

from typing import Any

import pytest

from tests.training.compiled import optimizer as made
from tfjs_serve.training.metrics import Measured, metric_of, metrics_by_output
from tfjs_serve.training.objects import UnmappedError

NUMBERS = Measured("mean_squared_error", 3)
ONE = Measured("mean_squared_error", 1)
BITS = Measured("binary_crossentropy", 3)
BIT = Measured("binary_crossentropy", 1)
CLASSES = Measured("categorical_crossentropy", 3)
SPARSE = Measured("sparse_categorical_crossentropy", 3)

NONE_SUCH = "TensorFlow.js has none that computes the same"
ANOTHER = "TensorFlow.js takes another one for this output"


def wrapped(fn: str, name: str) -> dict[str, Any]:
    return made("MeanMetricWrapper", name=name, dtype="float32", fn=fn)


@pytest.mark.parametrize(
    ("value", "measured", "why"),
    [
        pytest.param("AUC", BIT, NONE_SUCH, id="unknown"),
        pytest.param(None, BIT, NONE_SUCH, id="null"),
        pytest.param("cosine_similarity", NUMBERS, NONE_SUCH, id="tfjs has the other sign"),
        pytest.param(made("Precision"), BIT, NONE_SUCH, id="tfjs wants predictions of 1"),
        pytest.param(
            made("BinaryAccuracy", threshold=0.3),
            BIT,
            "BinaryAccuracy has threshold = 0.3",
            id="threshold",
        ),
        pytest.param(
            made("CategoricalCrossentropy", from_logits=True),
            CLASSES,
            "CategoricalCrossentropy has from_logits = True",
            id="logits",
        ),
        pytest.param(
            "accuracy",
            Measured("binary_crossentropy", None),
            "the last length of the output is not known",
            id="either",
        ),
        pytest.param("binary_crossentropy", NUMBERS, ANOTHER, id="only for binary outputs"),
        pytest.param("sparse_categorical_accuracy", NUMBERS, ANOTHER, id="not for this loss"),
    ],
)
def test_what_tfjs_computes_otherwise(value: Any, measured: Measured, why: str) -> None:
    with pytest.raises(UnmappedError) as error:
        metric_of(value, measured)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("value", "measured", "expected"),
    [
        ("accuracy", ONE, "accuracy"),
        ("accuracy", BIT, "accuracy"),
        # Keras looks at the labels, tfjs at the loss: it would take the binary one.
        ("accuracy", BITS, "categorical_accuracy"),
        ("acc", CLASSES, "accuracy"),
        ("accuracy", SPARSE, "accuracy"),
        ("accuracy", NUMBERS, "accuracy"),
        (wrapped("categorical_accuracy", "accuracy"), CLASSES, "accuracy"),
        (wrapped("categorical_accuracy", "accuracy"), SPARSE, "accuracy"),
        (wrapped("binary_accuracy", "accuracy"), BIT, "accuracy"),
        (wrapped("binary_accuracy", "binary_accuracy"), BITS, "binary_accuracy"),
        ("sparse_categorical_accuracy", SPARSE, "accuracy"),
        (made("SparseCategoricalAccuracy", name="x"), SPARSE, "accuracy"),
        (made("CategoricalAccuracy", name="categorical_accuracy"), CLASSES, "categorical_accuracy"),
        (made("BinaryAccuracy", threshold=0.5), BITS, "binary_accuracy"),
        ("ce", BIT, "crossentropy"),
        ("crossentropy", BITS, "categorical_crossentropy"),
        (made("BinaryCrossentropy", from_logits=False, label_smoothing=0), BITS, "crossentropy"),
        ("categorical_crossentropy", CLASSES, "categorical_crossentropy"),
        ("SparseCategoricalCrossentropy", SPARSE, "sparse_categorical_crossentropy"),
        ("mean_squared_error", NUMBERS, "mse"),
        (wrapped("mean_absolute_error", "mae"), NUMBERS, "mae"),
        (made("MeanAbsolutePercentageError", name="m"), NUMBERS, "mape"),
    ],
)
def test_metrics_under_the_names_of_tfjs(value: Any, measured: Measured, expected: str) -> None:
    assert metric_of(value, measured) == expected


@pytest.mark.parametrize(
    ("value", "generation", "why"),
    [
        (["mae"], 3, "there are 1 metrics for 2 outputs"),
        ([["mae"]], 2, "there are 1 metrics for 2 outputs"),
        ({"c": "mae"}, 3, "there are metrics for c, which is no output"),
        ("mae", 3, "the metrics are no known kind"),
    ],
)
def test_metrics_that_fit_no_outputs(value: Any, generation: int, why: str) -> None:
    with pytest.raises(UnmappedError) as error:
        metrics_by_output(value, "ab", generation)
    assert str(error.value) == why


@pytest.mark.parametrize(
    ("value", "names", "generation", "expected"),
    [
        pytest.param(None, "ab", 3, [[], []], id="none"),
        pytest.param([["mae", "mse"]], "a", 2, [["mae", "mse"]], id="nested, one output"),
        pytest.param({"a": ["mae"]}, "a", 3, [["mae"]], id="dict, one output"),
        pytest.param(["mae"], "ab", 2, [["mae"], ["mae"]], id="Keras 2 takes them for all"),
        pytest.param(["mae", "mse"], "ab", 3, [["mae"], ["mse"]], id="Keras 3 deals them out"),
        pytest.param([["mae"], None], "ab", 3, [["mae"], []], id="lists"),
        pytest.param({"b": "mae"}, "ab", 3, [[], ["mae"]], id="dict"),
    ],
)
def test_metrics_of_each_output(
    value: Any, names: str, generation: int, expected: list[list[str]]
) -> None:
    assert metrics_by_output(value, names, generation) == expected
