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
        pytest.param(
            model(
                Layer("m", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),)),
                replace(LSTM, calls=(on(EMBEDDED, mask=TensorRef("m")),)),
            ),
            3,
            id="Keras 3 writes the masks of functional models",
        ),
        pytest.param(
            model(replace(LSTM, calls=(on(EMBEDDED, initial_state=TensorRef("x")),))),
            3,
            id="Keras 3 hands no mask on beside a state",
        ),
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


def test_a_mask_that_keras_3_finds_at_run_time_alone_is_written_too() -> None:
    # keras/src/layers/layer.py records a mask where it is the only argument by name.
    graph = after(model(replace(LSTM, calls=(on(EMBEDDED, training=False),))), 3)
    told = {"mask": TensorRef("table__mask"), "training": False}
    assert graph.layer("lstm").calls[0].kwargs == told


@pytest.mark.parametrize("axis", [1, -2])
def test_masks_are_joined_in_time_as_their_tensors_are(axis: int) -> None:
    joined = called("Concatenate", "joined", on(EMBEDDED, "y"), axis=axis)
    layers = (source(), source("y"), table(), joined, called("LSTM", "lstm", on("joined")))
    graph = after(functional(layers, ["lstm"], ["x", "y"]), 3)
    assert graph.layer("lstm").calls[0].kwargs == {"mask": TensorRef("joined__mask_1")}
    assert graph.layers[5:] == (
        Layer("table__mask", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),)),
        Layer("joined__mask_1_2__ones", "keras.ops.OnesLike", {}, (on("y"),)),
        Layer(
            "joined__mask_1_2",
            "keras.ops.Any",
            {"axis": -1, "keepdims": False},
            (on("joined__mask_1_2__ones"),),
        ),
        Layer(
            "joined__mask_1",
            "keras.ops.Concatenate",
            {"axis": 1},
            (on("table__mask", "joined__mask_1_2"),),
        ),
    )


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
                called("Concatenate", "joined", on(EMBEDDED, "x"), axis=-3),
                called("LSTM", "lstm", on("joined")),
            ),
            id="joined along an axis that may be time",
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


def heads(name: str, tensor: str, **config: Any) -> Layer:
    return called(
        "MultiHeadAttention", name, Call((TensorRef(tensor), TensorRef(tensor))), **config
    )


def test_heads_inside_a_model_take_the_mask_of_the_tensor_outside() -> None:
    inside = inner("inside", heads("heads", "i"), output="heads")
    both = called("Add", "both", on(EMBEDDED, "inside"))
    above = called("LSTM", "above", on("both"))
    graph = after(model(inside, called("LSTM", "other", on("inside")), both, above), 3)
    mask = TensorRef("table__mask")
    assert graph.layer("heads").calls[0].kwargs == {"query_mask": mask, "value_mask": mask}
    assert graph.layer("above").calls[0].kwargs == {}  # the sum has a factor without a mask


def test_a_model_called_with_a_mask_gives_it_back_to_the_tensor() -> None:
    given = Layer("m", "keras.ops.NotEqual", {}, (Call((TensorRef("x"), 0)),))
    feed = inner("feed", called("Dense", "dense", on("i")), output="dense")
    feed = replace(feed, calls=(on("sum", mask=TensorRef("m")),))
    graph = after(
        model(
            given,
            heads("heads", EMBEDDED),
            called("Add", "sum", on(EMBEDDED, "heads")),
            feed,
            called("Add", "end", on("sum", "feed")),
            called("LSTM", "lstm", on("end")),
        ),
        3,
    )
    assert graph.layer("lstm").calls[0].kwargs == {"mask": TensorRef("m")}


def test_a_mask_that_is_taken_from_a_copy_alone_is_not_followed() -> None:
    inside = inner("inside", heads("heads", "i", dtype="mixed_float16"), output="heads")
    result = rewrite(model(inside, output="inside"), KERAS3)
    assert isinstance(result, Refusal)
    assert [reason.layer for reason in result.reasons] == ["inside"]


def test_a_mask_that_comes_out_of_a_model_in_a_model_is_found() -> None:
    deep = inner("deep", called("Dense", "dense", on("i")), output="dense")
    deep = replace(deep, calls=(on(EMBEDDED, mask=TensorRef("m")),))
    ops = Layer("m", "keras.ops.NotEqual", {}, (Call((TensorRef("i"), 0)),))
    making = inner("making", table(ids="i"), ops, deep, output="deep")
    making = replace(making, calls=(on("x"),))
    graph = after(functional((source(), making, called("LSTM", "lstm", on("making"))), ["lstm"]), 3)
    assert graph.layer("lstm").calls[0].kwargs == {"mask": TensorRef("m")}


def custom(*calls: Call) -> Layer:
    told = tuple(replace(call, shapes=((None, 5, 4),)) for call in calls)
    return Layer("own", "Mine", {}, told, is_custom=True)


@pytest.mark.parametrize("generation", [2, 3])
def test_a_custom_layer_without_masks_around_it_is_left_alone(generation: int) -> None:
    graph = functional((source(), custom(on("x")), called("LSTM", "lstm", on("own"))), ["lstm"])
    assert rewrite(graph, KERAS2 if generation == 2 else KERAS3) is None


def reversible(*calls: Call) -> Layer:
    return Layer("table", "ReversibleEmbedding", {"mask_zero": True}, calls)


@pytest.mark.parametrize("reader", ["LSTM", "GlobalAveragePooling1D"])
def test_a_mask_ends_on_the_way_back_of_a_reversible_embedding(reader: str) -> None:
    back = called(reader, "end", on(TensorRef("table", 1)))
    forth = called("LSTM", "lstm", on("table"))
    layers = (source(), reversible(on("x"), on("table", reverse=True)), forth, back)
    graph = after(functional(layers, ["lstm", "end"]), 3)
    assert graph.layer("lstm").calls == (on("table", mask=TensorRef("table__mask")),)
    assert graph.layer("end") == back


EACH = replace(called("TimeDistributed", "each", on(EMBEDDED)), parts={"layer": layer("LSTM")})


def test_steps_count_where_keras2_has_any_of_theirs() -> None:
    graph = after(model(EACH, called("LSTM", "lstm", on("each"))))
    assert graph.layer("each").calls == (on(EMBEDDED, mask=TensorRef("table__mask")),)
    assert graph.layer("lstm").calls == (on("each", mask=TensorRef("each__mask_1")),)
    reduced = Call((TensorRef("table__mask"),))
    any_step = Layer("each__mask_1", "keras.ops.Any", {"axis": -1, "keepdims": False}, (reduced,))
    assert graph.layer("each__mask_1") == any_step


def test_steps_keep_the_axes_of_a_mask_in_keras3() -> None:
    layers = (source(), table(), EACH, called("LSTM", "lstm", on("each")))
    result = rewrite(sequential(*layers), KERAS3)
    assert isinstance(result, Refusal)
    assert [reason.layer for reason in result.reasons] == ["lstm"]


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
