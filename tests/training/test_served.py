from __future__ import annotations

from typing import Any

import pytest

from tests.training.compiled import config, left_out, otherwise, sgd, trained
from tests.training.compiled import optimizer as made
from tfjs_serve.report import Note
from tfjs_serve.training import Output, Trained, Training, translate_training
from tfjs_serve.training.served import HINGE_LABELS, served_config

SGD = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
MSE = "mean_squared_error"


MASKED = (Output("a", "t_a", (None, 4, 3), has_mask=True),)
HIDDEN = (Output("a", "t_a", None), Output("b", "t_b", None))
UNLIKE = (Output("a", "t_a", (None, 4, 3)), Output("b", "t_b", (None, 3)))


@pytest.mark.parametrize(
    ("training", "model", "why"),
    [
        pytest.param(config(loss="huber"), trained(), "TensorFlow.js has no loss huber", id="loss"),
        pytest.param(
            config(optimizer_config=made("Ftrl")),
            trained(),
            "TensorFlow.js has no optimizer Ftrl that is Keras's",
            id="optimizer",
        ),
        pytest.param(
            config(loss_weights=[0.5]), trained(), "TensorFlow.js has no loss_weights", id="weights"
        ),
        pytest.param(
            config(sample_weight_mode="temporal"),
            trained(),
            "TensorFlow.js has no sample_weight_mode",
            id="sample weights",
        ),
        pytest.param(
            config(),
            trained(outputs=MASKED),
            "the output t_a has a mask, which the losses of TensorFlow.js do not see",
            id="mask",
        ),
        pytest.param(
            config(),
            trained(outputs=UNLIKE),
            "TensorFlow.js cannot add the losses of outputs that differ in shape",
            id="shapes",
        ),
        pytest.param(
            config(),
            trained(outputs=HIDDEN),
            "TensorFlow.js cannot add the losses of outputs that differ in shape",
            id="unknown shapes",
        ),
        pytest.param(
            config(),
            trained(bare_norms=("bn",)),
            "the BatchNormalization bn has no gamma or no beta, without which TensorFlow.js "
            "cannot train it",
            id="normalization",
        ),
    ],
)
def test_nothing_is_better_than_another_training(
    training: dict[str, Any], model: Trained, why: str
) -> None:
    note = left_out(f"the training settings are left out: {why}")
    assert translate_training(training, model) == Training(training, None, (note,))


def test_a_custom_part_is_named_once() -> None:
    found = translate_training(config(loss="mine", loss_weights=[1.0]), trained())
    text = "the custom loss 'mine' is left out: it matters to training only"
    assert found == Training(None, None, (left_out(text),))


@pytest.mark.parametrize(
    ("changes", "metrics"),
    [
        pytest.param({}, [], id="none"),
        pytest.param({"metrics": [["accuracy", "mae"]]}, ["accuracy", "mae"], id="nested"),
        pytest.param({"loss_weights": None, "weighted_metrics": None}, [], id="nulls"),
    ],
)
def test_one_output(changes: dict[str, Any], metrics: list[str]) -> None:
    expected = {"optimizer_config": SGD, "loss": MSE, "metrics": metrics}
    assert served_config(config(**changes), trained()) == (expected, [])


def test_one_output_of_unknown_shape() -> None:
    found, notes = served_config(config(metrics=["mae"]), trained(outputs=HIDDEN[:1]))
    assert (found, notes) == ({"optimizer_config": SGD, "loss": MSE, "metrics": ["mae"]}, [])


def test_several_outputs_have_names_of_tfjs_and_metrics_in_its_spelling() -> None:
    training = config(
        loss={"b": "hinge", "a": "mse"},
        metrics={"a": ["mae", made("BinaryAccuracy")], "b": "mse"},
    )
    expected = {
        "optimizer_config": SGD,
        "loss": [MSE, "hinge"],
        "metrics": {"t_a": ["mae", "binaryAccuracy"], "t_b": ["mse"]},
    }
    assert served_config(training, trained("a", "b")) == (expected, [otherwise(HINGE_LABELS)])


SAME = tuple(Output(name, "lstm", (None, 3)) for name in "ab")


@pytest.mark.parametrize(
    ("changes", "model", "metrics", "notes"),
    [
        pytest.param(
            {"metrics": ["mae", "AUC", made("Precision"), "mse"]},
            trained(),
            ["mae", "mse"],
            [
                f"the metric {name} is left out: TensorFlow.js has none that computes the same"
                for name in ("AUC", "Precision")
            ],
            id="one by one",
        ),
        pytest.param(
            {"metrics": ["AUC"]},
            trained("a", "b", generation=2),
            {"t_a": [], "t_b": []},
            ["the metric AUC is left out: TensorFlow.js has none that computes the same"],
            id="each once",
        ),
        pytest.param(
            {"metrics": {"c": "mae"}},
            trained("a", "b"),
            [],
            ["the metrics are left out: there are metrics for c, which is no output"],
            id="of no output",
        ),
        pytest.param(
            {"metrics": [["mae"], []]},
            trained(outputs=SAME),
            [],
            ["the metrics are left out: two outputs have the same name in TensorFlow.js"],
            id="names that mean two outputs",
        ),
        pytest.param({"metrics": None}, trained(outputs=SAME), [], [], id="no metrics to lose"),
        pytest.param(
            {"weighted_metrics": ["mae"]},
            trained(),
            [],
            ["the weighted metrics are left out: TensorFlow.js has none"],
            id="weighted",
        ),
    ],
)
def test_metrics_go_by_themselves(
    changes: dict[str, Any], model: Trained, metrics: Any, notes: list[str]
) -> None:
    found, said = served_config(config(**changes), model)
    assert found is not None
    assert found["metrics"] == metrics
    assert said == [left_out(text) for text in notes]


def frozen(which: str) -> Note:
    return otherwise(
        f"further training: the BatchNormalization {which} normalises by the batch in "
        "TensorFlow.js while it trains; Keras goes on with the stored mean and variance"
    )


@pytest.mark.parametrize(
    ("names", "which"), [(("bn",), "bn, not trained,"), (("a", "b", "c"), "a and 2 others")]
)
def test_frozen_normalizations_are_told_of(names: tuple[str, ...], which: str) -> None:
    found, notes = served_config(config(optimizer_config=sgd()), trained(frozen_norms=names))
    assert found is not None
    assert notes == [frozen(which)]


NONSENSE: tuple[Any, ...] = (
    7,
    True,
    [],
    {},
    [[[]]],
    {"class_name": 3},
    made("SGD", learning_rate=10**400),
)


@pytest.mark.parametrize("value", NONSENSE)
@pytest.mark.parametrize("key", ["loss", "optimizer_config", "loss_weights"])
def test_nonsense_stops_nothing(key: str, value: Any) -> None:
    found, notes = served_config(config(**{key: value}), trained("a", "b"))
    assert found is None
    assert len(notes) == 1
