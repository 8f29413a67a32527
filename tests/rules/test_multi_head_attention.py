from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from tests.models import KERAS3, layer, shaped, weight
from tfjs_serve.graph import Call, Computed, Layer, TensorRef, Weight
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering, Refusal
from tfjs_serve.rules.multi_head_attention import SCALED, rewrite

X = TensorRef(INPUT, 0, 0)
SELF = {"query": 0, "value": 0}


def weights(
    query: int = 4, key: int = 4, value: int = 4, heads: int = 2, shared: int = 2, out: int = 4
) -> dict[str, tuple[int, ...]]:
    """Return the shapes of weights with a key of 3 and a value of 2."""
    return {
        "query/kernel": (query, heads, 3),
        "query/bias": (heads, 3),
        "key/kernel": (key, shared, 3),
        "key/bias": (shared, 3),
        "value/kernel": (value, shared, 2),
        "value/bias": (shared, 2),
        "attention_output/kernel": (heads, 2, out),
        "attention_output/bias": (out,),
    }


def attention(
    stored: Mapping[str, tuple[int, ...]] | None = None, inputs: Any = SELF, **config: Any
) -> Layer:
    """Return a layer as attention_arguments leaves it, on as many tensors as there are inputs."""
    count = max(inputs.values()) + 1
    refs = tuple(TensorRef(INPUT, 0, index) for index in range(count))
    made = (weight(name, shape) for name, shape in (stored or weights()).items())
    fields = {"num_heads": 2, "key_dim": 3, "value_dim": 2, "inputs": inputs, **config}
    return Layer("a", "MultiHeadAttention", fields, (Call((refs,)),), tuple(made))


def lowered(before: Layer, *shapes: tuple[int | None, ...], generation: int = 3) -> Lowering:
    result = rewrite(before, shaped(*shapes, generation=generation))
    assert isinstance(result, Lowering), result
    return result


def classes(lowering: Lowering) -> list[str]:
    return [layer.class_name for layer in lowering.layers]


def of(lowering: Lowering, class_name: str) -> list[Layer]:
    return [layer for layer in lowering.layers if layer.class_name == class_name]


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dense"), id="other class"),
        pytest.param(layer("MultiHeadAttention", num_heads=2, key_dim=3), id="arguments to come"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


@pytest.mark.parametrize(
    ("before", "context", "why"),
    [
        (attention(attention_axes=[1, 2]), shaped((None, 3, 4)), "attention_axes = [1, 2]"),
        (attention(novelty=1), shaped((None, 3, 4)), "novelty = 1"),
        (attention(), shaped((None, 2, 3, 4)), "a query of shape (None, 2, 3, 4)"),
        (attention(), shaped((None, 3, None)), "a query of shape (None, 3, None)"),
        (
            attention(inputs={"query": 0, "value": 1}),
            shaped((None, 3, 4), (None, 4)),
            "a key of shape (None, 4)",
        ),
        (attention({"query/kernel": (4, 2, 3)}), shaped((None, 3, 4)), "does not hold the weights"),
        (attention(weights(query=5)), shaped((None, 3, 4)), "does not hold the weights"),
        (attention(weights(heads=3)), shaped((None, 3, 4)), "does not hold the weights"),
        (attention(use_bias=False), shaped((None, 3, 4)), "does not hold the weights"),
        (attention(use_gate=True), shaped((None, 3, 4)), "does not hold the weights"),
    ],
)
def test_refused(before: Layer, context: Context, why: str) -> None:
    result = rewrite(before, context)
    assert isinstance(result, Refusal)
    assert why in result.reasons[0].why


def test_a_chain_for_each_head() -> None:
    result = lowered(attention(), (None, None, 4))
    wiring = {layer.name: layer.calls[0].inputs for layer in result.layers}
    r = TensorRef
    assert wiring == {
        "a__key_0": (X,),
        "a__key_1": (X,),
        "a__value_0": (X,),
        "a__value_1": (X,),
        "a__query_0": (X,),
        "a__dot_6": (r("a__query_0"), r("a__key_0")),
        "a__activation_7": (r("a__dot_6"),),
        "a__dot_8": (r("a__activation_7"), r("a__value_0")),
        "a__query_1": (X,),
        "a__dot_10": (r("a__query_1"), r("a__key_1")),
        "a__activation_11": (r("a__dot_10"),),
        "a__dot_12": (r("a__activation_11"), r("a__value_1")),
        "a__concatenate_13": (r("a__dot_8"), r("a__dot_12")),
        "a": (r("a__concatenate_13"),),
    }
    assert result.outputs == (r("a"),)
    assert [layer.config["axes"] for layer in of(result, "Dot")] == [[2, 2], [2, 1]] * 2
    assert {layer.name: layer.config["units"] for layer in of(result, "Dense")} == {
        **{
            f"a__{part}_{i}": n
            for part, n in (("query", 3), ("key", 3), ("value", 2))
            for i in (0, 1)
        },
        "a": 4,
    }


def computed(made: Weight) -> Any:
    """Return what a weight comes to when its source counts from 0."""
    assert isinstance(made.values, Computed)
    (source,) = made.values.sources
    values = np.arange(math.prod(source.shape), dtype=np.float32).reshape(source.shape)
    return made.values.compute(values)


def test_weights_are_slices() -> None:
    layers = {layer.name: layer for layer in lowered(attention(), (None, 3, 4)).layers}
    stored = np.arange(24, dtype=np.float32).reshape(4, 2, 3)
    for part, scale in (("query", 1 / math.sqrt(3)), ("key", 1.0)):
        kernel, bias = layers[f"a__{part}_1"].weights
        assert kernel.shape == (4, 3)
        assert np.allclose(computed(kernel), stored[:, 1] * scale)
        assert bias.shape == (3,)
        assert np.allclose(computed(bias), np.array([3, 4, 5]) * scale)
    kernel, bias = layers["a"].weights
    assert (computed(kernel) == np.arange(16).reshape(4, 4)).all()
    assert (computed(bias) == np.arange(4)).all()
    note = Note(SCALED, "a", NoteKind.TRAINING)
    assert lowered(attention(), (None, 3, 4)).notes == (note,)
    first, second = (layers[f"a__key_{index}"].weights[0].values for index in (0, 1))
    assert first != second


def test_fields_go_to_every_dense() -> None:
    before = attention(kernel_initializer="ones", trainable=False, dropout=0.1)
    denses = of(lowered(before, (None, 3, 4)), "Dense")
    assert {layer.config["kernel_initializer"] for layer in denses} == {"ones"}
    assert {layer.config["trainable"] for layer in denses} == {False}


def test_several_output_axes() -> None:
    stored = {**weights(), "attention_output/kernel": (2, 2, 5, 6), "attention_output/bias": (5, 6)}
    result = lowered(attention(stored, output_shape=[5, 6]), (None, None, 4))
    assert result.layers[-2].name == "a"
    assert result.layers[-2].config["units"] == 30
    assert result.layers[-1].config["target_shape"] == [-1, 5, 6]


def test_scores_are_stacked() -> None:
    result = lowered(attention(return_attention_scores=True), (None, 3, 4))
    assert classes(result)[-3:] == ["Reshape", "Reshape", "Concatenate"]
    assert result.layers[-1].config["axis"] == 1
    assert result.outputs == (TensorRef("a"), TensorRef(result.layers[-1].name))


def test_groups_share_key_and_value() -> None:
    stored = {**weights(heads=4), "value/kernel": (4, 2, 3), "value/bias": (2, 3)}
    stored["attention_output/kernel"] = (4, 3, 4)
    before = attention(stored)
    fields = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2, "inputs": SELF}
    grouped = Layer("a", "GroupedQueryAttention", fields, before.calls, before.weights)
    result = lowered(grouped, (None, 3, 4))
    keys = [layer.calls[0].inputs[1].layer for layer in of(result, "Dot")]
    assert keys == [f"a__{part}_{i}" for i in (0, 0, 1, 1) for part in ("key", "value")]


def test_causal_order_takes_as_many_numbers_as_there_are_steps() -> None:
    inputs = {"query": 0, "value": 1}
    result = lowered(attention(inputs=inputs, use_causal_mask=True), (None, 2, 4), (None, 3, 4))
    assert [
        (layer.config["scale"], layer.config["offset"]) for layer in of(result, "Rescaling")
    ] == [
        (0.0, [[1.0], [2.0]]),
        (1.0, [0.0, -1.0, -2.0]),
        (1e9, -1e9),
    ]
    assert len(of(result, "Add")) == 2  # one for each head, of the same penalties
    assert len({layer.calls[0].inputs[1] for layer in of(result, "Add")}) == 1


def test_steps_of_unknown_number_are_counted() -> None:
    found = lowered(attention(use_causal_mask=True), (None, None, 4))
    counted = [layer.config for layer in of(found, "TfjsServeOperation")]
    assert [(config["operation"], config["axes"]) for config in counted] == [
        ("cumsum", [1]),
        ("cumsum", [2]),
    ]


def test_scores_of_unknown_lengths_get_their_axis_row_by_row() -> None:
    found = lowered(attention(return_attention_scores=True), (None, None, 4))
    rows = [layer.parts["layer"].config["target_shape"] for layer in of(found, "TimeDistributed")]
    assert rows == [[1, -1], [1, -1]]
    assert [layer.config["dims"] for layer in of(found, "Permute")] == [[2, 1, 3], [2, 1, 3]]


def test_a_window_looks_both_ways() -> None:
    result = lowered(attention(sliding_window=2), (None, 3, 4))
    assert [layer.config["offset"] for layer in of(result, "Rescaling")] == [
        [[2.0], [3.0], [4.0]],
        [0.0, -1.0, -2.0],
        [[2.0], [1.0], [0.0]],
        [0.0, 1.0, 2.0],
        -1e9,
    ]


@pytest.mark.parametrize(
    ("generation", "inputs", "rescalings"),
    [
        pytest.param(2, {"attention_mask": 1}, 1, id="Keras 2 takes it as it is"),
        pytest.param(3, {"attention_mask": 1}, 4, id="Keras 3 takes what is not 0"),
        pytest.param(
            2, {"attention_mask": 1, "query_mask": 2}, 7, id="so does Keras 2 for several"
        ),
    ],
)
def test_attention_mask(generation: int, inputs: dict[str, int], rescalings: int) -> None:
    shapes = ((None, 3, 4), (None, 3, 3), (None, 3))[: max(inputs.values()) + 1]
    result = lowered(attention(inputs=SELF | inputs), *shapes, generation=generation)
    assert len(of(result, "Rescaling")) == rescalings
    assert len(of(result, "Multiply")) == len(inputs) - 1


def test_masks_of_the_inputs_are_multiplied_first() -> None:
    masks = {"query_mask": 1, "value_mask": 1, "key_mask": 1}
    result = lowered(attention(inputs=SELF | masks), (None, 3, 4), (None, 3))
    assert [layer.config["target_shape"] for layer in of(result, "Reshape")] == [[3, 1], [1, 3]]
    assert [len(layer.calls[0].inputs) for layer in of(result, "Multiply")] == [2]


@pytest.mark.parametrize(
    ("generation", "config", "multiplied"),
    [
        pytest.param(2, {"dropout": 0.1}, 0, id="Keras 2"),
        pytest.param(3, {}, 0, id="dot_product_attention"),
        pytest.param(3, {"dropout": 0.1}, 2, id="Softmax, for the dropout"),
        pytest.param(3, {"return_attention_scores": True}, 2, id="Softmax, for the scores"),
    ],
)
def test_what_is_masked_is_0_where_keras_has_a_layer_softmax(
    generation: int, config: dict[str, Any], multiplied: int
) -> None:
    before = attention(inputs=SELF | {"value_mask": 1}, **config)
    result = lowered(before, (None, 3, 4), (None, 3), generation=generation)
    assert len(of(result, "Multiply")) == multiplied


def test_a_gate_multiplies_the_heads() -> None:
    stored = {**weights(), "gate/kernel": (4, 2, 2), "gate/bias": (2, 2)}
    result = lowered(attention(stored, use_gate=True), (None, 3, 4))
    (gate,) = (made for made in result.layers if made.name == "a__gate")
    assert (gate.config["units"], gate.config["activation"]) == (4, "sigmoid")
    assert [kernel.shape for kernel in gate.weights] == [(4, 4), (4,)]
    assert classes(result)[-3:] == ["Dense", "Multiply", "Dense"]


@pytest.mark.parametrize(("heads", "cuts"), [(1, 0), (2, 2)])
def test_heads_share_a_mask_or_have_their_own(heads: int, cuts: int) -> None:
    given = {"query": 0, "value": 0, "attention_mask": 1}
    made = lowered(attention(inputs=given), (None, 3, 4), (None, heads, 3, 3))
    assert len(of(made, "Cropping2D")) == cuts


def test_a_mask_for_other_heads_is_refused() -> None:
    given = {"query": 0, "value": 0, "attention_mask": 1}
    with pytest.raises(ShapeError):
        rewrite(attention(inputs=given), shaped((None, 3, 4), (None, 3, 3, 3)))
