from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, functional, nested, on, source, weight
from tfjs_serve.artifacts import Options
from tfjs_serve.graph import Call, Graph, Layer, TensorRef
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules import translate_model
from tfjs_serve.rules.uneven_masks import rewrite

M = TensorRef("m")
WEIGHTS = (weight("kernel", (2, 6)), weight("recurrent_kernel", (2, 6)), weight("bias", (2, 6)))
FIELDS = {
    **{"units": 2, "reset_after": True, "activation": "tanh", "recurrent_activation": "sigmoid"},
    **{"use_bias": True, "return_sequences": False, "go_backwards": False},
}


def gru(*calls: Call, class_name: str = "GRU", reset_after: bool = True) -> Layer:
    return Layer("a", class_name, {**FIELDS, "reset_after": reset_after}, calls, WEIGHTS)


def around(*layers: Layer) -> Graph:
    sources = [source(name, (None, 4, 2)) for name in ("x", "y")]
    return functional([*sources, source("m", (None, 4)), *layers], ["a"], ["x", "y", "m"])


@pytest.mark.parametrize(
    "layer",
    [
        pytest.param(gru(on("x"), on("y")), id="no mask"),
        pytest.param(gru(on("x", mask=M), on("y", mask=M)), id="masks"),
        pytest.param(gru(on("x", mask=M), on("y"), class_name="LSTM"), id="another layer"),
        pytest.param(gru(on("x", mask=M), on("y"), reset_after=False), id="the GRU of tfjs"),
    ],
)
def test_nothing_to_even_out(layer: Layer) -> None:
    assert rewrite(around(layer), KERAS3) is None


ONES = (
    Layer("a__mask_2__ones", "keras.ops.OnesLike", {}, (on("y"),)),
    Layer("a__mask_2", "keras.ops.Any", {"axis": -1, "keepdims": False}, (on("a__mask_2__ones"),)),
)


def both(*calls: Call) -> Layer:
    parts = {"layer": gru(), "backward_layer": gru()}
    return Layer("a", "Bidirectional", {"merge_mode": "concat"}, calls, parts=parts)


@pytest.mark.parametrize("made", [gru, both])
def test_a_call_without_a_mask_is_given_one_of_ones(made: object) -> None:
    assert callable(made)
    before = around(made(on("x", mask=M), on("y", training=False)))
    calls = on("x", mask=M), on("y", training=False, mask=TensorRef("a__mask_2"))
    assert rewrite(before, KERAS3) == GraphRewrite(around(made(*calls), *ONES))


def test_in_nested_models_too() -> None:
    inner = around(gru(on("x", mask=M), on("y")))
    after = around(gru(on("x", mask=M), on("y", mask=TensorRef("a__mask_2"))), *ONES)

    def outer(model: Graph) -> Graph:
        return functional([source(), nested("n", model, on("x", "x", "x"))], ["n"])

    assert rewrite(outer(inner), KERAS3) == GraphRewrite(outer(after))


@pytest.mark.parametrize(
    ("unroll", "class_name"), [(24, "Functional"), (0, "TfjsServeGRU")], ids=["rolled out", "loop"]
)
def test_one_layer_serves_both_calls(unroll: int, class_name: str) -> None:
    graph = replace(
        around(gru(on("x", mask=M), on("y"))), outputs=(TensorRef("a"), TensorRef("a", 1))
    )
    made = translate_model(graph, replace(KERAS3, options=Options(gru_unroll=unroll))).graph
    (kept,) = (item for item in made.layers if item.name == "a")
    assert (kept.class_name, len(kept.calls)) == (class_name, 2)
