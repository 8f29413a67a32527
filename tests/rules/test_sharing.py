"""Calls of one layer that need different translations (rewriting/sharing.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, functional, on, source, weight
from tfjs_serve.artifacts import Options
from tfjs_serve.errors import ConversionError
from tfjs_serve.graph import Call, Computed, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import INPUT, Lowering
from tfjs_serve.rewriting.sharing import variant
from tfjs_serve.rules import translate_model

NORM = {"axis": -1, "epsilon": 1e-3, "center": False, "scale": False}
GIVEN = TensorRef(INPUT)


def reshape(size: int, name: str = "a__row", *inputs: TensorRef) -> Layer:
    return Layer(name, "Reshape", {"target_shape": (size,)}, (Call(inputs or (GIVEN,)),))


def dense(*inputs: TensorRef) -> Layer:
    return Layer("a", "Dense", {"units": 2}, (Call(inputs or (GIVEN,)),), (weight("kernel"),))


def lowering(*layers: Layer) -> Lowering:
    return Lowering(layers, (TensorRef(layers[-1].name),))


def test_a_call_like_the_first_one_is_the_first_one() -> None:
    made = lowering(reshape(2), dense(TensorRef("a__row")))
    assert variant(made, made, 1) == made


def test_layers_that_differ_get_names_of_their_own() -> None:
    first = lowering(reshape(2), dense(TensorRef("a__row")), reshape(9, "a__end", TensorRef("a")))
    other = lowering(reshape(3), dense(TensorRef("a__row")), reshape(8, "a__end", TensorRef("a")))
    assert variant(other, first, 4) == lowering(
        reshape(3, "a__row__call_5"),
        dense(TensorRef("a__row__call_5")),
        reshape(8, "a__end__call_5", TensorRef("a")),
    )


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(replace(dense(), config={"units": 3}), id="other fields"),
        pytest.param(replace(dense(), name="b"), id="other name"),
        pytest.param(
            Layer("w", "TimeDistributed", {}, (Call((GIVEN,)),), parts={"layer": dense()}),
            id="inside a wrapper",
        ),
    ],
)
def test_weights_of_the_file_are_there_once(other: Layer) -> None:
    assert variant(lowering(other), lowering(dense()), 1) is None


def test_constants_may_be_there_for_each_call() -> None:
    def constant(size: int) -> Layer:
        values = Computed((size,), (), lambda: None, ("constant", size))
        return replace(dense(), weights=(replace(weight("kernel"), values=values),))

    made = variant(lowering(constant(3)), lowering(constant(2)), 1)
    assert made is not None
    assert [item.name for item in made.layers] == ["a__call_2"]


SOURCES = [source("x", (None, 4)), source("y", (None, 2, 2)), source("z", (None, None))]


def translated(shared: Layer) -> Graph:
    outputs = [TensorRef("a", index) for index in range(len(shared.calls))]
    graph = functional([*SOURCES, shared], outputs, ["x", "y", "z"])
    return translate_model(graph, KERAS3).graph


@pytest.mark.parametrize(
    ("shared", "made"),
    [
        pytest.param(
            Layer("a", "Flatten", {}, (on("x"), on("y"))),
            {"a": [("Activation", "x")], "a__call_2": [("Flatten", "y")]},
            id="Flatten of rank 2 and 3",
        ),
        pytest.param(
            Layer("a", "Flatten", {}, (on("y"), on("x"))),
            {"a": [("Flatten", "y")], "a__call_2": [("Activation", "x")]},
            id="Flatten of rank 3 and 2",
        ),
        pytest.param(
            Layer("a", "LayerNormalization", NORM, (on("x"), on("y"), on("x"))),
            {
                "a": [("LayerNormalization", "x")] * 2,
                "a__call_2": [("LayerNormalization", "y")],
            },
            id="axis counted from the end",
        ),
        pytest.param(
            Layer("a", "Reshape", {"target_shape": [-1, 1]}, (on("x"), on("z"), on("z"))),
            {"a": [("Reshape", "x")], "a__call_2": [("Reshape", "z")] * 2},
            id="length that is computed",
        ),
    ],
)
def test_a_layer_without_weights_is_one_for_each_translation(
    shared: Layer, made: dict[str, list[tuple[str, str]]]
) -> None:
    graph = translated(shared)
    found = {
        item.name: [(item.class_name, ref.layer) for call in item.calls for ref in call.inputs]
        for item in graph.layers
        if item.name in made
    }
    assert found == made


STEPS: dict[str, Any] = {
    **{"units": 2, "activation": "tanh", "recurrent_activation": "sigmoid", "use_bias": True},
    **{"return_sequences": False, "go_backwards": False},
}


def test_a_recurrent_layer_keeps_its_weights_under_masks_of_different_lengths() -> None:
    weights = (weight("kernel", (2, 8)), weight("recurrent_kernel", (2, 8)), weight("bias", (8,)))
    calls = tuple(on(x, mask=TensorRef(m)) for x, m in (("x", "m"), ("y", "n")))
    lstm = Layer("a", "LSTM", STEPS, calls, weights)
    shapes = {"x": (None, 4, 2), "y": (None, 3, 2), "m": (None, 4), "n": (None, 3)}
    graph = functional(
        [*(source(name, shape) for name, shape in shapes.items()), lstm],
        ["a", TensorRef("a", 1)],
        list(shapes),
    )
    made = translate_model(graph, KERAS3).graph
    (kept,) = (item for item in made.layers if item.class_name == "LSTM")
    assert [call.inputs for call in kept.calls] == [
        (TensorRef("a__masking"),),
        (TensorRef("a__masking", 1),),
    ]
    targets = [i.config["target_shape"] for i in made.layers if i.class_name == "Reshape"]
    assert targets == [(4, 1), (3, 1)]


GRU = functional(
    [
        source("x", (None, 4, 2)),
        source("y", (None, 3, 2)),
        Layer(
            "a",
            "GRU",
            {**STEPS, "reset_after": True},
            (on("x"), on("y")),
            (weight("kernel", (2, 6)), weight("recurrent_kernel", (2, 6)), weight("bias", (2, 6))),
        ),
    ],
    ["a", TensorRef("a", 1)],
    ["x", "y"],
)


@pytest.mark.parametrize("unroll", [24, 0])
def test_a_rule_is_told_where_one_translation_must_suit_all_calls(unroll: int) -> None:
    made = translate_model(GRU, replace(KERAS3, options=Options(gru_unroll=unroll))).graph
    (kept,) = (item for item in made.layers if item.weights)
    assert (kept.name, kept.class_name, kept.calls) == ("a", "TfjsServeGRU", (on("x"), on("y")))


def test_without_the_companion_module_steps_of_two_lengths_are_refused() -> None:
    with pytest.raises(ConversionError, match="over sequences of different lengths"):
        translate_model(GRU, replace(KERAS3, options=Options(companion=False)))


def test_what_keeps_the_shape_of_its_first_call_stays_refused() -> None:
    config = {"filters": 2, "kernel_size": 2, **STEPS}
    config.pop("units")
    conv = Layer(
        "a",
        "ConvLSTM1D",
        config,
        (on("x"), on("y")),
        (weight("kernel", (2, 1, 8)), weight("recurrent_kernel", (2, 2, 8)), weight("bias", (8,))),
    )
    sources = [source("x", (None, 3, 4, 1)), source("y", (None, 3, 5, 1))]
    graph = functional([*sources, conv], ["a", TensorRef("a", 1)], ["x", "y"])
    with pytest.raises(ConversionError, match="shared by inputs of different shapes"):
        translate_model(graph, KERAS3)
