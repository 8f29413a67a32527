from __future__ import annotations

from typing import Any

import pytest

from tests.training.compiled import left_out, otherwise
from tests.training.compiled import optimizer as made
from tfjs_serve.keras_files.model import Progress
from tfjs_serve.report import Note
from tfjs_serve.training.objects import UnmappedError
from tfjs_serve.training.optimizers import optimizer_of

NOWHERE = Progress()
SCHEDULE = made("InverseTimeDecay", initial_learning_rate=1.0, decay_steps=4, decay_rate=1.0)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(None, "the file does not say which optimizer it was", id="none"),
        pytest.param(
            made("LossScaleOptimizer", inner_optimizer=None),
            "the file does not say which optimizer it was",
            id="nothing scaled",
        ),
        pytest.param(
            made("Nadam"), "TensorFlow.js has no optimizer Nadam that is Keras's", id="unknown"
        ),
        pytest.param(
            made("Adadelta"),
            "TensorFlow.js has no optimizer Adadelta that is Keras's",
            id="tfjs uses the old accumulator",
        ),
        pytest.param(
            made("RMSprop", centered=True),
            "a centered RMSprop divides by NaN in TensorFlow.js",
            id="centered",
        ),
        pytest.param(
            made("Adam", beta_1=float("inf")), "the optimizer has beta_1 = inf", id="infinite"
        ),
        pytest.param(
            made("SGD", learning_rate="fast"),
            "the learning rate follows the custom schedule fast",
            id="no number",
        ),
        pytest.param(
            made("SGD", learning_rate=[0.1]), "the optimizer has learning_rate = [0.1]", id="list"
        ),
        pytest.param(
            made("SGD", learning_rate=made("Mine")),
            "the learning rate follows the custom schedule Mine",
            id="custom schedule",
        ),
        pytest.param(
            made("SGD", learning_rate=0.1, decay="x"), "the optimizer has decay = x", id="decay"
        ),
    ],
)
def test_what_tfjs_computes_otherwise(value: Any, why: str) -> None:
    with pytest.raises(UnmappedError) as error:
        optimizer_of(value, NOWHERE)
    assert str(error.value) == why


ADAM = {"learning_rate": 0.001, "beta_1": 0.9, "beta_2": 0.999, "epsilon": 1e-7}
RMSPROP = {"learning_rate": 0.001, "decay": 0.9, "momentum": 0.0, "epsilon": 1e-7}


@pytest.mark.parametrize(
    ("value", "class_name", "config"),
    [
        (made("SGD"), "SGD", {"learning_rate": 0.01}),
        ("sgd", "SGD", {"learning_rate": 0.01}),
        (made("SGD", lr=0.5, nesterov=True), "SGD", {"learning_rate": 0.5}),
        (
            made("SGD", momentum=0.9, nesterov=True),
            "Momentum",
            {"learning_rate": 0.01, "momentum": 0.9, "use_nesterov": True},
        ),
        (made("Custom>Adam", epsilon=None), "Adam", ADAM),
        ("rmsprop", "RMSProp", {**RMSPROP, "centered": False}),
        (
            made("RMSprop", rho=0.5, momentum=0.1, centered=False),
            "RMSProp",
            {**RMSPROP, "decay": 0.5, "momentum": 0.1, "centered": False},
        ),
        ("adamax", "Adamax", {**ADAM, "decay": 0.0}),
        ("Adagrad", "Adagrad", {"learning_rate": 0.001, "initial_accumulator_value": 0.1}),
    ],
)
def test_optimizers_of_tfjs(value: Any, class_name: str, config: dict[str, Any]) -> None:
    assert optimizer_of(value, NOWHERE) == ({"class_name": class_name, "config": config}, [])


@pytest.mark.parametrize(
    ("value", "progress", "rate", "notes"),
    [
        pytest.param(made("SGD", learning_rate=0.5), Progress(7, 0.25), 0.25, [], id="live"),
        pytest.param(
            made("SGD", learning_rate=SCHEDULE),
            Progress(4, 0.25),
            0.5,
            [
                otherwise(
                    "the learning rate schedule InverseTimeDecay stands still at step 4, where "
                    "the learning rate is 0.5"
                )
            ],
            id="a schedule",
        ),
        pytest.param(
            made("SGD", learning_rate=1.0, decay=0.25),
            Progress(4),
            0.5,
            [
                otherwise(
                    "the learning rate's decay of 0.25 stands still at step 4, where the "
                    "learning rate is 0.5"
                )
            ],
            id="decay of before Keras 2.11",
        ),
        pytest.param(made("SGD", decay=0.0), Progress(4), 0.01, [], id="no decay"),
    ],
)
def test_the_learning_rate_at_the_stored_step(
    value: Any, progress: Progress, rate: float, notes: list[Note]
) -> None:
    expected = {"class_name": "SGD", "config": {"learning_rate": rate}}
    assert optimizer_of(value, progress) == (expected, notes)


def without(key: str, value: object) -> Note:
    return left_out(f"the optimizer's {key} = {value} is left out: TensorFlow.js has none")


@pytest.mark.parametrize(
    ("value", "notes"),
    [
        pytest.param(
            made("AdamW", weight_decay=0.0, clipnorm=None, use_ema=False, amsgrad=False, jit=True),
            [],
            id="nothing set",
        ),
        pytest.param(
            made("Adam", weight_decay=0.1, clipnorm=1.0, use_ema=True, amsgrad=True),
            [
                without("weight_decay", 0.1),
                without("clipnorm", 1.0),
                without("use_ema", True),
                without("amsgrad", True),
            ],
            id="several",
        ),
        pytest.param("adamw", [without("weight_decay", 0.004)], id="AdamW always decays"),
        pytest.param(made("AdamW", weight_decay=0.5), [without("weight_decay", 0.5)], id="AdamW"),
        pytest.param(
            made("Adam", epsilon=0.01),
            [
                otherwise(
                    "the optimizer's epsilon of 0.01 has another weight in TensorFlow.js: it is "
                    "added after the bias correction there, so that the first steps are longer"
                )
            ],
            id="large epsilon",
        ),
        pytest.param(
            made("LossScaleOptimizer", inner_optimizer=made("Adam")),
            [left_out("the loss scaling of the optimizer is left out: TensorFlow.js has none")],
            id="loss scaling",
        ),
    ],
)
def test_what_tfjs_has_not_is_left_out_with_a_warning(value: Any, notes: list[Note]) -> None:
    assert optimizer_of(value, NOWHERE)[1] == notes


def test_an_epsilon_of_adagrad() -> None:
    _, (note,) = optimizer_of(made("Adagrad", epsilon=0.01), NOWHERE)
    assert note.text.endswith("has another weight in TensorFlow.js: it is 1e-07 there")
