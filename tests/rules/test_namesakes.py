from __future__ import annotations

import pytest

from tests.fixtures.cases import CASES, Case
from tests.models import KERAS2, KERAS3, layer
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Layer, walk_graphs
from tfjs_serve.keras_files.hdf5 import open_keras_file
from tfjs_serve.rules.namesakes import ALWAYS_WRITTEN, rewrite
from tfjs_serve.rules.rule import Context, Refusal

NOT_READ = ("weights_only", "subclassed_model", "dict_call")
READABLE = [case for case in CASES if not case.id.endswith(NOT_READ)]


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.id)
def test_keras_writes_all_of_them(case: Case) -> None:
    with open_keras_file(case.path) as file:
        model = file.model
    for graph in walk_graphs(read_graph(model)):
        for item in graph.layers:
            for found in (item, *item.parts.values()):
                if found.class_name in ALWAYS_WRITTEN:
                    assert rewrite(found, Context(model.generation)) is None


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Doubling", units=4), KERAS3, id="other class"),
        pytest.param(layer("Dense", units=4, bias=True), Context(1), id="Keras 1"),
        pytest.param(layer("Dense", units=4, activation=None, use_bias=None), KERAS2, id="nulls"),
    ],
)
def test_no_namesake(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


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
    result = rewrite(before, KERAS2)
    assert isinstance(result, Refusal)
    assert f"holds no {field}" in result.reasons[0].why
