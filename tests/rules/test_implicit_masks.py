from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, nested, on, sequential, source
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite, Refusal
from tfjs_serve.rules.implicit_masks import rewrite

EMBEDDED = "table"


def table(name: str = EMBEDDED, ids: str = "x") -> Layer:
    return Layer(name, "Embedding", {"mask_zero": True}, (on(ids),))


def called(class_name: str, name: str, *calls: Call, **config: Any) -> Layer:
    return Layer(name, class_name, config, calls)


def model(*layers: Layer, output: str | None = None) -> Graph:
    """Return a model of an input x, an embedding of it, and more layers."""
    return functional((source(), table(), *layers), [output or layers[-1].name])


LSTM = called("LSTM", "lstm", on(EMBEDDED))


@pytest.mark.parametrize(
    ("graph", "generation"),
    [
        pytest.param(functional((source(), layer("LSTM")), ["a"]), 2, id="no masks"),
        pytest.param(model(LSTM), 3, id="Keras 3 writes the masks of functional models"),
        pytest.param(model(called("Flatten", "flat", on(EMBEDDED))), 2, id="nothing reads it"),
    ],
)
def test_nothing_to_write_down(graph: Graph, generation: int) -> None:
    assert rewrite(graph, KERAS2 if generation == 2 else KERAS3) is None


def after(graph: Graph, generation: int = 2) -> Graph:
    result = rewrite(graph, KERAS2 if generation == 2 else KERAS3)
    assert isinstance(result, GraphRewrite)
    return result.graph


def test_the_mask_becomes_a_tensor_and_an_argument() -> None:
    graph = model(LSTM)
    mask = Layer("table__mask", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),))
    masked = replace(LSTM, calls=(on(EMBEDDED, mask=TensorRef("table__mask")),))
    assert after(graph) == functional((source(), table(), masked, mask), ["lstm"])


def test_a_sequential_model_of_keras_3_has_implicit_masks() -> None:
    graph = after(sequential(source(), table(), LSTM), 3)
    assert graph.layer("lstm").calls[0].kwargs == {"mask": TensorRef("table__mask")}


def test_a_masking_compares_all_features() -> None:
    masking = called("Masking", "masking", on("x"), mask_value=0.5)
    graph = after(functional((source(), masking, called("GRU", "gru", on("masking"))), ["gru"]))
    assert graph.layer("masking__mask").class_name == "keras.ops.Any"
    assert graph.layer("masking__mask__differs").calls == (Call((TensorRef("x"), 0.5)),)


@pytest.mark.parametrize(
    ("between", "config", "is_masked"),
    [
        pytest.param("Dense", {}, True, id="Dense"),
        pytest.param("Dropout", {}, True, id="Dropout"),
        pytest.param("LSTM", {"return_sequences": True}, True, id="sequences"),
        pytest.param("LSTM", {}, False, id="last step"),
        pytest.param("Conv1D", {}, False, id="Conv1D"),
        pytest.param("Rescaling", {}, False, id="Rescaling, in Keras 3 alone"),
    ],
)
def test_masks_go_through_some_layers(between: str, config: Any, is_masked: bool) -> None:
    middle = called(between, "middle", on(EMBEDDED), **config)
    graph = after(model(middle, called("LSTM", "end", on("middle")), LSTM, output="end"))
    assert ("mask" in graph.layer("end").calls[0].kwargs) == is_masked


@pytest.mark.parametrize(
    ("class_name", "expected"),
    [
        pytest.param("Add", "keras.ops.LogicalAnd", id="Add"),
        pytest.param("Concatenate", "keras.ops.LogicalAnd", id="Concatenate"),
    ],
)
def test_keras_2_merges_masks(class_name: str, expected: str) -> None:
    merged = called(class_name, "both", on(EMBEDDED, "other"))
    other = table("other", "y")
    layers = (source(), source("y"), table(), other, merged, called("LSTM", "end", on("both")))
    graph = after(functional(layers, ["end"], ["x", "y"]))
    (mask,) = graph.layer("end").calls[0].needs[1:]
    assert graph.layer(mask.layer).class_name == expected


@pytest.mark.parametrize("generation", [2, 3])
def test_attention_is_told_in_both_kerases(generation: int) -> None:
    embedded, mask = TensorRef(EMBEDDED), TensorRef("table__mask")
    heads = called("MultiHeadAttention", "heads", Call((embedded, embedded)))
    told = {"query_mask": mask, "value_mask": mask}
    assert after(model(heads), generation).layer("heads").calls[0].kwargs == told
    plain = called("Attention", "plain", on(EMBEDDED, "y"))
    graph = functional((source(), source("y"), table(), plain), ["plain"], ["x", "y"])
    assert after(graph, generation).layer("plain").calls[0].kwargs == {"mask": (mask, None)}


def test_what_ignores_its_mask_is_not_told() -> None:
    norm = called("BatchNormalization", "norm", on(EMBEDDED, mask=TensorRef("not_equal")))
    op = Layer("not_equal", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),))
    graph = after(model(op, norm), 3)
    assert graph == model(replace(norm, calls=(on(EMBEDDED),)))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(
            model(
                replace(
                    called("TimeDistributed", "each", on(EMBEDDED)), parts={"layer": layer("LSTM")}
                )
            ),
            id="into a wrapper",
        ),
        pytest.param(
            model(
                called("Concatenate", "joined", on(EMBEDDED, "x"), axis=1),
                called("LSTM", "lstm", on("joined")),
            ),
            id="joined in time",
        ),
    ],
)
def test_masks_that_are_lost_refuse_their_readers(graph: Graph) -> None:
    result = rewrite(graph, KERAS2)
    assert isinstance(result, Refusal)
    assert result.reasons[0].why.startswith("not supported yet: ")


def inner(name: str, *layers: Layer, output: str, source_name: str = "i") -> Layer:
    """Return a nested model of an input and more layers, called on the embedding."""
    graph = functional((source(source_name), *layers), [output], [source_name])
    return nested(name, graph, on(EMBEDDED))


READING = inner("inside", called("LSTM", "lstm", on("i")), output="lstm")
MAKING = replace(inner("making", table(ids="i"), output=EMBEDDED), calls=(on("x"),))


@pytest.mark.parametrize(
    "graph",
    [
        pytest.param(model(READING, output="inside"), id="into a model"),
        pytest.param(
            functional((source(), MAKING, called("LSTM", "lstm", on("making"))), ["lstm"]),
            id="out of a model",
        ),
        pytest.param(
            model(inner("outside", replace(READING, calls=(on("i"),)), output="inside")),
            id="into a model of a model",
        ),
    ],
)
@pytest.mark.parametrize("generation", [2, 3])
def test_models_that_masks_go_into_or_out_of_are_written_out(graph: Graph, generation: int) -> None:
    mask = Layer("table__mask", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),))
    told = replace(LSTM, calls=(on(EMBEDDED, mask=TensorRef("table__mask")),))
    assert after(graph, generation) == model(told, mask, output="lstm")


def test_a_mask_given_to_a_model_is_that_of_a_copy_of_its_input() -> None:
    given = Layer("not_equal", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),))
    called_with = replace(READING, calls=(on("y", mask=TensorRef("not_equal")),))
    before = functional((source(), source("y"), given, called_with), ["inside"], ["x", "y"])
    graph = after(before, 3)
    copy = called("Activation", "inside__input_0_0", on("y"), activation="linear")
    told = on("inside__input_0_0", mask=TensorRef("not_equal"))
    assert graph.layers[2:] == (given, copy, replace(LSTM, calls=(told,)))


def test_a_mask_that_heads_may_take_away_goes_into_no_model() -> None:
    heads = called("MultiHeadAttention", "heads", Call((TensorRef("i"), TensorRef("i"))))
    result = rewrite(model(inner("inside", heads, output="heads"), output="inside"), KERAS3)
    assert isinstance(result, Refusal)
    assert [reason.layer for reason in result.reasons] == ["inside"]


def custom(*calls: Call) -> Layer:
    told = tuple(replace(call, shapes=((None, 5, 4),)) for call in calls)
    return Layer("own", "Mine", {}, told, is_custom=True)


@pytest.mark.parametrize("generation", [2, 3])
def test_a_custom_layer_without_masks_around_it_is_left_alone(generation: int) -> None:
    graph = functional((source(), custom(on("x")), called("LSTM", "lstm", on("own"))), ["lstm"])
    assert rewrite(graph, KERAS2 if generation == 2 else KERAS3) is None


@pytest.mark.parametrize(
    ("graph", "generation", "reasons"),
    [
        pytest.param(
            model(custom(on(EMBEDDED))), 2, [("own", "a mask that reaches a custom layer")], id="2"
        ),
        pytest.param(
            sequential(source(), table(), custom(on(EMBEDDED))),
            3,
            [("own", "a mask that reaches a custom layer")],
            id="Sequential of 3",
        ),
        pytest.param(
            model(custom(on(EMBEDDED)), called("Attention", "att", on("own", "own"))),
            3,
            [("att", "a mask that goes through a custom layer")],
            id="read behind it",
        ),
    ],
)
def test_masks_of_which_only_python_code_knows_the_way_are_refused(
    graph: Graph, generation: int, reasons: list[tuple[str, str]]
) -> None:
    result = rewrite(graph, KERAS2 if generation == 2 else KERAS3)
    assert isinstance(result, Refusal)
    found = [(reason.layer, reason.why) for reason in result.reasons]
    assert found == [(name, f"not supported yet: {why}") for name, why in reasons]
