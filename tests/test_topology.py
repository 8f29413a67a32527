from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import (
    dense,
    functional,
    identity,
    nested,
    on,
    sequential,
    source,
    stored,
    weight,
)
from tfjs_serve.graph import Graph, Layer, TensorRef, Weight, stored_weights
from tfjs_serve.topology import layer_config, model_config, named_weights, part_config

INPUT: dict[str, Any] = {
    "class_name": "InputLayer",
    "config": {
        "name": "x",
        "dtype": "float32",
        "sparse": False,
        "batch_input_shape": [None, 4],
    },
    "name": "x",
    "inbound_nodes": [],
}
LINEAR = {"activation": "linear"}
CHAIN = sequential(source("z"), identity("i", on("z")), name="m")


def implicit(graph: Graph) -> Graph:
    """Return a Sequential model whose input is not written."""
    first, *others = graph.layers
    first = replace(first, config={**first.config, "is_implicit": True})
    return replace(graph, layers=(first, *others))


def linear(name: str, *nodes: Any) -> dict[str, Any]:
    """Return the entry of an identity in a functional model."""
    return {
        "class_name": "Activation",
        "config": {"name": name, **LINEAR},
        "name": name,
        "inbound_nodes": list(nodes),
    }


def entry(name: str, **more: Any) -> dict[str, Any]:
    """Return the entry of an identity in a Sequential model."""
    return {"class_name": "Activation", "config": {"name": name, **LINEAR, **more}}


@pytest.mark.parametrize(
    ("layer", "config"),
    [
        pytest.param(identity("a"), {"name": "a", **LINEAR}, id="plain"),
        pytest.param(source(), INPUT["config"], id="input"),
        pytest.param(
            replace(source(), config={**source().config, "is_implicit": True}),
            INPUT["config"],
            id="implicit input",
        ),
        pytest.param(
            Layer(
                "b",
                "Bidirectional",
                {"merge_mode": "sum"},
                parts={"layer": identity("i"), "backward_layer": identity("j")},
            ),
            {"name": "b", "merge_mode": "sum", "layer": entry("i")},
            id="both ways: one layer",
        ),
    ],
)
def test_layer_config(layer: Layer, config: dict[str, Any]) -> None:
    assert layer_config(layer) == config


def test_part_config() -> None:
    assert part_config(identity("i")) == entry("i")


def test_functional() -> None:
    graph = functional(
        [
            source(),
            identity("a", on("x"), on(TensorRef("a", 0, 1), "x", number=1)),
        ],
        [TensorRef("a", 1), "a"],
    )
    assert model_config(graph) == {
        "class_name": "Functional",
        "config": {
            "name": "model",
            "layers": [
                INPUT,
                linear("a", [["x", 0, 0, {}]], [["a", 0, 1, {}], ["x", 0, 0, {}]]),
            ],
            "input_layers": [["x", 0, 0]],
            "output_layers": [["a", 1, 0], ["a", 0, 0]],
        },
    }


@pytest.mark.parametrize(
    "inner",
    [
        pytest.param(CHAIN, id="sequential"),
        pytest.param(functional(CHAIN.layers, ["i"], ["z"], "m"), id="functional"),
    ],
)
def test_calls_of_nested_models_are_counted_from_1(inner: Graph) -> None:
    graph = functional(
        [source(), nested("n", inner, on("x"), on("n")), identity("a", on(TensorRef("n", 1)))],
        ["a", "n"],
    )
    written = model_config(graph)["config"]
    first, second = written["layers"][1:]
    assert first["name"] == first["config"]["name"] == "n"
    assert first["class_name"] == inner.kind.value
    assert [layer["config"]["name"] for layer in first["config"]["layers"]] == ["z", "i"]
    assert first["inbound_nodes"] == [[["x", 0, 0, {}]], [["n", 1, 0, {}]]]
    assert second["inbound_nodes"] == [[["n", 2, 0, {}]]]
    assert written["output_layers"] == [["a", 0, 0], ["n", 1, 0]]


@pytest.mark.parametrize(
    ("graph", "layers"),
    [
        pytest.param(
            CHAIN,
            [
                {
                    "class_name": "InputLayer",
                    "config": {**INPUT["config"], "name": "z"},
                },
                entry("i"),
            ],
            id="with an input",
        ),
        pytest.param(
            implicit(CHAIN),
            [entry("i", batch_input_shape=[None, 4], dtype="float32")],
            id="implicit input",
        ),
        pytest.param(
            implicit(sequential(source("z", dtype="int32"), CHAIN.layers[1])),
            [
                {
                    "class_name": "InputLayer",
                    "config": {**INPUT["config"], "name": "z", "dtype": "int32"},
                },
                entry("i"),
            ],
            id="implicit input of integers",
        ),
        pytest.param(
            implicit(sequential(source("z", dtype="int32"), nested("n", implicit(CHAIN), on("z")))),
            [
                {
                    "class_name": "Sequential",
                    "config": {
                        "name": "n",
                        "layers": [entry("i", batch_input_shape=[None, 4], dtype="float32")],
                    },
                }
            ],
            id="nested model first, which has its own",
        ),
        pytest.param(implicit(sequential(source("z"))), [], id="nothing"),
    ],
)
def test_sequential(graph: Graph, layers: list[Any]) -> None:
    assert model_config(graph) == {
        "class_name": "Sequential",
        "config": {"name": graph.name, "layers": layers},
    }


def test_written_configs_share_nothing_with_the_graph() -> None:
    graph = implicit(CHAIN)
    model_config(graph)
    assert graph == implicit(CHAIN)
    assert graph.layers[1].config == LINEAR


def names(layer: Layer) -> list[str]:
    return [name for name, _ in named_weights(functional([source(), layer], [layer.name]))]


KERNEL, BIAS = weight("kernel"), weight("bias")
PART = Layer("i", "LSTM", weights=(KERNEL, BIAS))


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        pytest.param(identity("a"), [], id="no weights"),
        pytest.param(
            replace(dense("a"), weights=(KERNEL, BIAS)), ["a/kernel", "a/bias"], id="plain"
        ),
        pytest.param(
            Layer("t", "TimeDistributed", parts={"layer": PART}),
            ["t/kernel", "t/bias"],
            id="each step",
        ),
        pytest.param(
            Layer(
                "t",
                "TimeDistributed",
                parts={"layer": nested("m", sequential(source("y"), replace(PART, name="l")))},
            ),
            ["l/kernel", "l/bias"],
            id="a model on each step",
        ),
        pytest.param(
            Layer("b", "Bidirectional", parts={"layer": PART, "backward_layer": PART}),
            ["b/forward_i/kernel", "b/forward_i/bias", "b/backward_i/kernel", "b/backward_i/bias"],
            id="both ways",
        ),
        pytest.param(
            nested(
                "n",
                sequential(
                    source("z"), nested("m", sequential(source("y"), replace(PART, name="l")))
                ),
            ),
            ["l/kernel", "l/bias"],
            id="no prefix at any depth",
        ),
    ],
)
def test_weight_names(layer: Layer, expected: list[str]) -> None:
    assert names(layer) == expected


def test_weights_come_in_order_of_layers_with_their_values() -> None:
    layers = [
        replace(dense(name, on("x")), weights=(Weight("kernel", stored(f"{name}/k")),))
        for name in ("b", "a")
    ]
    found = named_weights(functional([source(), *layers], ["a", "b"]))
    assert [(name, [s.name for s in stored_weights(item.values)]) for name, item in found] == [
        ("b/kernel", ["b/k"]),
        ("a/kernel", ["a/k"]),
    ]
