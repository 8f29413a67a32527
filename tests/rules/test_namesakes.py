from __future__ import annotations

from dataclasses import replace

import pytest

from tests.fixtures.cases import CASES, Case
from tests.models import KERAS2, KERAS3, functional, layer, source
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Layer
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.rewriting.rule import Context, Refusal
from tfjs_serve.rules.namesakes import rewrite

NOT_READ = ("weights_only", "subclassed_model", "dict_call", "no_input_shape")
READABLE = [case for case in CASES if not case.id.endswith(NOT_READ)]


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.id)
def test_keras_writes_all_of_them(case: Case) -> None:
    with open_keras_file(case.path) as file:
        model = file.model
    assert rewrite(read_graph(model), Context(model.generation)) is None


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Doubling", units=4), KERAS3, id="other class"),
        pytest.param(layer("Dense", units=4, bias=True), Context(1), id="Keras 1"),
        pytest.param(layer("Dense", units=4, activation=None, use_bias=None), KERAS2, id="nulls"),
    ],
)
def test_no_namesake(before: Layer, context: Context) -> None:
    assert rewrite(functional([source(), before], ["a"]), context) is None


@pytest.mark.parametrize(
    ("before", "field"),
    [
        (layer("Dense", units=4), "activation"),
        (layer("Dense", units=4, activation="relu"), "use_bias"),
        (layer("MaxPooling2D", pool_size=2), "strides"),
        (layer("LSTM", units=4, activation="tanh", use_bias=True), "return_sequences"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.class_name,
)
def test_a_namesake_is_refused(before: Layer, field: str) -> None:
    result = rewrite(functional([source(), before], ["a"]), KERAS2)
    assert isinstance(result, Refusal)
    (reason,) = result.reasons
    assert reason.layer == "a"
    assert f"holds no {field}" in reason.why


def test_a_namesake_inside_another_layer_is_given_no_advice_that_does_not_help() -> None:
    wrapper = replace(layer("Bidirectional"), parts={"layer": layer("Dense", "b", units=4)})
    result = rewrite(functional([source(), wrapper], ["a"]), KERAS2)
    assert isinstance(result, Refusal)
    assert [(reason.layer, reason.remedy) for reason in result.reasons] == [
        ("b", "call it outside of that layer, or replace it by built-in layers")
    ]
