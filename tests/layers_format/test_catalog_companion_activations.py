"""Activations of the companion module as values of a field."""

from __future__ import annotations

from typing import Any

import pytest

from tfjs_serve.layers_format.catalog.companion_activations import (
    FUNCTIONS,
    inner_activation,
    is_own_activation,
    own_activation,
)
from tfjs_serve.lowering.formulas import FORMULAS

OWN = {"class_name": "TfjsServeActivation", "config": {"name": "elu", "parameters": [1.0]}}


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("elu", id="name"),
        pytest.param({**OWN, "class_name": "ELU"}, id="other class"),
        pytest.param({**OWN, "module": "keras"}, id="more keys"),
        pytest.param({**OWN, "config": {"name": "elu"}}, id="no parameters"),
        pytest.param({**OWN, "config": {"name": "mine", "parameters": []}}, id="unknown"),
        pytest.param({**OWN, "config": {"name": "elu", "parameters": ["1"]}}, id="no numbers"),
        pytest.param({**OWN, "config": {"name": ["elu"], "parameters": [1.0]}}, id="no name"),
    ],
)
def test_other_values(value: Any) -> None:
    assert not is_own_activation(value)


def test_an_activation_has_the_parameters_of_keras() -> None:
    assert own_activation("elu") == OWN
    assert own_activation("elu", [0.5])["config"] == {"name": "elu", "parameters": [0.5]}


@pytest.mark.parametrize("name", sorted(FUNCTIONS.keys() & FORMULAS.keys() - {"threshold"}))
def test_parameters_are_those_of_the_formulas(name: str) -> None:
    assert [*FUNCTIONS[name], 0.0][0] == FORMULAS[name][1]


@pytest.mark.parametrize(
    ("value", "is_accepted"), [("tanh", True), (OWN, True), ("leaky_relu", False), (None, False)]
)
def test_a_field_takes_either(value: Any, is_accepted: bool) -> None:
    assert inner_activation().accepts(value) is is_accepted
