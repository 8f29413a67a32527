"""Names of activations, initializers, regularizers and constraints, Keras's and tfjs's."""

from __future__ import annotations

from types import MappingProxyType

import pytest

from tfjs_serve.layers_format.catalog.objects import (
    ACTIVATIONS,
    CONSTRAINTS,
    DISTRIBUTIONS,
    FAN_MODES,
    INITIALIZERS,
    OTHER_ACTIVATIONS,
    REGULARIZERS,
    TFJS_INITIALIZER_STRINGS,
    TFJS_INITIALIZERS,
    TfjsObject,
    activation_names,
)

# Keras names without a tfjs activation of the same numbers (keras.activations of 2.15 and 3.15).
WITHOUT = [
    *("celu", "exponential", "glu", "hard_shrink", "hard_silu", "hard_swish", "hard_tanh"),
    *("leaky_relu", "log_sigmoid", "soft_shrink", "sparse_plus", "sparse_sigmoid", "sparsemax"),
    *("squareplus", "tanh_shrink", "threshold", "gelu_new"),
]


@pytest.mark.parametrize("generation", [1, 2, 3])
@pytest.mark.parametrize("name", WITHOUT)
def test_an_activation_that_differs_is_missing(name: str, generation: int) -> None:
    assert name not in activation_names(generation)


@pytest.mark.parametrize("generation", [3, 4])
def test_hard_sigmoid_is_another_function_since_keras_3(generation: int) -> None:
    assert activation_names(generation) == ACTIVATIONS
    assert "hard_sigmoid" not in ACTIVATIONS


@pytest.mark.parametrize("generation", [1, 2])
def test_hard_sigmoid_was_the_same_before_keras_3(generation: int) -> None:
    assert activation_names(generation) == {**ACTIVATIONS, "hard_sigmoid": "hard_sigmoid"}


@pytest.mark.parametrize("name", WITHOUT)
def test_an_activation_of_keras_is_known_as_its_own(name: str) -> None:
    assert name in OTHER_ACTIVATIONS


def test_activations_that_change_their_name() -> None:
    assert {name: tfjs for name, tfjs in ACTIVATIONS.items() if name != tfjs} == {
        "log_softmax_v2": "log_softmax",
        "silu": "swish",
        "softmax_v2": "softmax",
    }


@pytest.mark.parametrize(
    "table",
    [ACTIVATIONS, INITIALIZERS, TFJS_INITIALIZERS, DISTRIBUTIONS, REGULARIZERS, CONSTRAINTS],
)
def test_tables_cannot_be_written_to(table: object) -> None:
    assert isinstance(table, MappingProxyType)


@pytest.mark.parametrize("name", ["STFT", "STFTInitializer", "MyInitializer", "stft"])
def test_an_initializer_that_tfjs_has_not_is_missing(name: str) -> None:
    assert name not in INITIALIZERS


@pytest.mark.parametrize(
    ("name", "class_name", "keys"),
    [
        ("GlorotUniform", "GlorotUniform", {"seed"}),
        ("glorot_uniform", "GlorotUniform", {"seed"}),
        ("GlorotUniformV2", "GlorotUniform", {"seed"}),
        ("LecunNormal", "LeCunNormal", {"seed"}),
        ("lecun_uniform", "LeCunUniform", {"seed"}),
        ("IdentityInitializer", "Identity", {"gain"}),
        ("OrthogonalInitializer", "Orthogonal", {"gain", "seed"}),
        ("Constant", "Constant", {"value"}),
        ("uniform", "RandomUniform", {"minval", "maxval", "seed"}),
        ("VarianceScaling", "VarianceScaling", {"scale", "mode", "distribution", "seed"}),
        ("zeros", "Zeros", set()),
    ],
)
def test_initializers_by_both_spellings(name: str, class_name: str, keys: set[str]) -> None:
    assert INITIALIZERS[name] == TfjsObject(class_name, frozenset(keys), MappingProxyType({}))


def test_bare_strings_are_those_tfjs_finds() -> None:
    assert not {"constant", "lecun_normal", "lecun_uniform"} & TFJS_INITIALIZER_STRINGS
    assert INITIALIZERS.keys() >= TFJS_INITIALIZER_STRINGS


def test_variance_scaling_takes_the_values_tfjs_checks_for() -> None:
    assert {"fan_in", "fan_out", "fan_avg"} == FAN_MODES
    assert DISTRIBUTIONS["untruncated_normal"] == "normal"
    assert set(DISTRIBUTIONS.values()) == {"normal", "uniform", "truncated_normal"}


@pytest.mark.parametrize("name", ["OrthogonalRegularizer", "orthogonal_regularizer", "Mine"])
def test_a_regularizer_that_tfjs_has_not_is_missing(name: str) -> None:
    assert name not in REGULARIZERS


@pytest.mark.parametrize(
    ("name", "keys", "constants"),
    [
        ("L1L2", {"l1", "l2"}, {}),
        ("l1_l2", {"l1", "l2"}, {}),
        ("L1", {"l1"}, {"l2": 0.0}),
        ("l2", {"l2"}, {"l1": 0.0}),
    ],
)
def test_every_regularizer_is_one_with_both_numbers(
    name: str, keys: set[str], constants: dict[str, float]
) -> None:
    assert REGULARIZERS[name] == TfjsObject("L1L2", frozenset(keys), MappingProxyType(constants))


def test_constraints_by_every_spelling() -> None:
    assert "RadialConstraint" not in CONSTRAINTS
    assert {name: found.class_name for name, found in CONSTRAINTS.items()} == {
        **dict.fromkeys(("MaxNorm", "max_norm", "maxnorm"), "MaxNorm"),
        **dict.fromkeys(("MinMaxNorm", "min_max_norm"), "MinMaxNorm"),
        **dict.fromkeys(("NonNeg", "non_neg", "nonneg"), "NonNeg"),
        **dict.fromkeys(("UnitNorm", "unit_norm", "unitnorm"), "UnitNorm"),
    }
