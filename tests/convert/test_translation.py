from __future__ import annotations

from typing import Any

import pytest

from tests.front_ends.configs import (
    dense,
    entry,
    functional,
    input2,
    input3,
    keras2,
    keras3,
    sequential,
)
from tests.models import stored
from tfjs_serve.artifacts import Summary, TensorInfo
from tfjs_serve.convert.translation import Tensor, translate
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.report import Note, NoteKind

INPUT = input2("x", (None, 3))
DENSE = dense("d", units=4)
KERNEL, BIAS = stored("d/kernel", (3, 4), "d"), stored("d/bias", (4,), "d")


def model(
    config: Any, *weights: StoredWeight, training: Any = None, version: str = "2.15.0"
) -> KerasModel:
    return KerasModel(version, "tensorflow", config, training, weights)


def retyped(weight: StoredWeight, dtype: str) -> StoredWeight:
    return StoredWeight(weight.group, weight.name, weight.shape, dtype, weight.path, None)


PLAIN = model(sequential(INPUT, DENSE), KERNEL, BIAS)


def test_a_model_without_weights() -> None:
    found = translate(model(sequential(INPUT, entry("Flatten", "f"))))
    assert found.tensors == ()
    assert found.summary.parameters == 0


def test_a_plain_model() -> None:
    found = translate(PLAIN)
    assert found.tensors == (Tensor("d/kernel", KERNEL), Tensor("d/bias", BIAS))
    assert found.training.topology is found.training.served is None
    assert found.summary == Summary(
        layers=2,
        parameters=16,
        inputs=(TensorInfo("x", (None, 3), "float32"),),
        outputs=(TensorInfo("d", (None, 4), "float32"),),
        keras_version="2.15.0",
        trainable=False,
    )
    assert found.model_config["class_name"] == "Sequential"


def test_the_summary_counts_nested_layers() -> None:
    inner = sequential(input2("z", (None, 3)), DENSE, name="n")
    layers = [INPUT, {**inner, "name": "n", "inbound_nodes": [keras2("x")]}]
    found = translate(model(functional(layers, [["n", 1, 0]], [["x", 0, 0]]), *in_group("n")))
    assert found.summary.layers == 4
    assert found.summary.outputs == (TensorInfo("n", (None, 4), "float32"),)


def in_group(group: str) -> tuple[StoredWeight, StoredWeight]:
    return stored("d/kernel", (3, 4), group), stored("d/bias", (4,), group)


NOT_HELD = "the file does not hold its weights (kernel, bias)"
NO_LAYER = "weight {!r} of the file belongs to no layer of the model"


@pytest.mark.parametrize(
    ("config", "weights", "reasons"),
    [
        pytest.param(
            sequential(INPUT, DENSE),
            [],
            [NOT_HELD],
            id="none",
        ),
        pytest.param(
            sequential(INPUT, DENSE),
            [KERNEL],
            [NOT_HELD],
            id="one too few",
        ),
        pytest.param(
            sequential(INPUT, DENSE),
            [KERNEL, BIAS, stored("e/kernel", group="e")],
            [NO_LAYER.format("e/kernel")],
            id="one too many",
        ),
        pytest.param(
            sequential(INPUT, DENSE),
            [KERNEL, stored("d/bias", (5,), "d")],
            ["weight 'd/bias' has shape (5,), expected (4,)"],
            id="other shape",
        ),
        pytest.param(
            sequential(INPUT, DENSE),
            [retyped(KERNEL, "<c8"), BIAS],
            ["not supported yet: weight 'd/kernel' of type '<c8'"],
            id="complex numbers",
        ),
        pytest.param(
            functional(
                [
                    INPUT,
                    dense("d", keras2("x"), units=4),
                    entry("Flatten", "f", keras2("x")),
                ],
                [["f", 0, 0]],
                [["x", 0, 0]],
            ),
            [KERNEL, BIAS],
            [
                "weight 'd/bias' belongs to a layer that no output depends on",
                "weight 'd/kernel' belongs to a layer that no output depends on",
            ],
            id="layer that leads nowhere",
        ),
    ],
)
def test_weights_that_do_not_fit(
    config: Any, weights: list[StoredWeight], reasons: list[str]
) -> None:
    with pytest.raises(ConversionError) as error:
        translate(model(config, *weights))
    assert [reason.why for reason in error.value.reasons] == reasons
    assert str(error.value).startswith(
        ("the weights do not fit the model: ", "layer 'd' (Dense): ")
    )
    assert reasons[0] in str(error.value)


def test_seeds_have_no_part_in_inference() -> None:
    seed = stored("e/seed_generator/seed_generator_state", (2,), "e")
    layers = [input3("x", (None, 3)), entry("Dropout", "e", rate=0.5), DENSE]
    found = translate(model(sequential(*layers), KERNEL, BIAS, seed, version="3.15.1"))
    assert [tensor.name for tensor in found.tensors] == ["d/kernel", "d/bias"]


LSTM = {
    "units": 2,
    "activation": "tanh",
    "recurrent_activation": "sigmoid",
    "use_bias": False,
    "return_sequences": False,
    "go_backwards": False,
}
ROLES = {"kernel": (3, 8), "recurrent_kernel": (2, 8)}


def lstm(group: str, head: str) -> list[StoredWeight]:
    return [stored(f"{head}/{role}", shape, group) for role, shape in ROLES.items()]


@pytest.mark.parametrize(
    ("layer", "head", "written"),
    [
        pytest.param("l", "l", "l", id="as tfjs has it"),
        pytest.param("l", "l/lstm_cell", "l/lstm_cell", id="cell, which tfjs leaves out"),
        pytest.param("l", "l_1/lstm_cell", "l", id="of an earlier model"),
        pytest.param("l", "m/l/lstm_cell", "l", id="with a model in front"),
        pytest.param("my l", "my l/lstm_cell", "my_l", id="renamed"),
    ],
)
def test_names_in_the_manifest(layer: str, head: str, written: str) -> None:
    config = sequential(input3("x", (None, 5, 3)), entry("LSTM", layer, **LSTM))
    found = translate(model(config, *lstm(layer, head), version="3.15.1"))
    assert [tensor.name for tensor in found.tensors] == [f"{written}/{role}" for role in ROLES]


def test_a_name_that_another_weight_has_is_not_kept() -> None:
    """Tells `l/lstm_cell/kernel` of the LSTM from that of a Dense called `l/lstm_cell`."""
    x = input2("x", (None, 5, 3))
    layers = [
        x,
        entry("LSTM", "l", keras2("x"), **LSTM),
        dense("l/lstm_cell", keras2("x"), units=8, use_bias=False),
    ]
    weights = [*lstm("l", "l/lstm_cell"), stored("l/lstm_cell/kernel", (3, 8), "l/lstm_cell")]
    config = functional(layers, [["l", 0, 0], ["l/lstm_cell", 0, 0]], [["x", 0, 0]])
    found = translate(model(config, *weights))
    assert [tensor.name for tensor in found.tensors] == [
        "l/kernel",
        "l/lstm_cell/recurrent_kernel",
        "l/lstm_cell/kernel",
    ]
    assert found.tensors[2].values == weights[-1]


def test_warnings_come_in_the_order_of_the_pipeline() -> None:
    config = sequential(INPUT, dense("d", units=4, dtype="mixed_float16"))
    weights = (retyped(KERNEL, "<f8"), retyped(BIAS, ">f8"))
    found = translate(model(config, *weights, training={"loss": "mine"}))
    assert found.summary.warnings == (
        Note(
            "computes in mixed_float16 in Keras and in float32 here: results differ by rounding",
            "d",
            NoteKind.ACCURACY,
        ),
        Note("2 float64 weights are rounded to float32", kind=NoteKind.ACCURACY),
        Note(
            "the custom loss 'mine' is left out: it matters to training only", kind=NoteKind.DROPPED
        ),
    )
    assert found.training.topology is found.training.served is None
    assert [(item.rule, item.layer) for item in found.report.applied][:1] == [("input_layers", "x")]


def test_refusals_of_layers_come_before_those_of_weights() -> None:
    with pytest.raises(ConversionError) as error:
        translate(model(sequential(INPUT, entry("Lambda", "d"))))
    (reason,) = error.value.reasons
    assert (reason.layer, reason.class_name) == ("d", "Lambda")


def test_a_summary_of_several_inputs_keeps_their_order_and_types() -> None:
    whole = input3("a", (8, 2))
    whole["config"]["dtype"] = "int64"
    layers = [
        input3("z", (None, 2)),
        whole,
        entry("Flatten", "f", keras3("z")),
        entry("Flatten", "g", keras3("a")),
    ]
    config = functional(layers, {"2": ["f", 0, 0], "1": ["g", 0, 0]}, [["z", 0, 0], ["a", 0, 0]])
    summary = translate(model(config, version="3.15.1")).summary
    assert summary.inputs == (
        TensorInfo("z", (None, 2), "float32"),
        TensorInfo("a", (8, 2), "int32"),
    )
    assert summary.outputs == (
        TensorInfo("g", (8, 2), "float32"),
        TensorInfo("f", (None, 2), "float32"),
    )
    assert summary.keras_version == "3.15.1"
