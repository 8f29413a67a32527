from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest

from tests.front_ends.configs import model, sequential
from tests.models import functional, identity, nested, on, source, stored
from tests.models import sequential as chain
from tfjs_serve.front_ends.weights import bind_weights, is_left_out
from tfjs_serve.graph import Graph, Layer, Weight, stored_weights
from tfjs_serve.topology import named_weights

DENSE = {"units": 2, "use_bias": True, "trainable": True}
FROZEN = {**DENSE, "trainable": False}
LSTM = {"units": 2, "use_bias": True, "trainable": True}


def dense(name: str, **config: object) -> Layer:
    return Layer(name, "Dense", {**DENSE, **config}, (on("x"),))


def bound(layer: Layer, names: Sequence[str], version: str = "2.15.0") -> dict[str, str]:
    """Return tfjs name -> stored name of the weights of one top-level layer."""
    group = [stored(name, group=layer.name) for name in names]
    layers = bind_weights([layer], model(sequential(), version, weights=group))
    found = named_weights(functional([source(), *layers], [layer.name]))
    return {name: stored_name(weight) for name, weight in found}


def stored_name(weight: Weight) -> str:
    (found,) = stored_weights(weight.values)
    return found.name


@pytest.mark.parametrize(
    ("layer", "names"),
    [
        pytest.param(identity("a", on("x")), [], id="no weights"),
        pytest.param(dense("a"), [], id="none in the file"),
        pytest.param(dense("a"), ["a/kernel"], id="one too few"),
        pytest.param(dense("a"), ["a/kernel", "a/bias", "a/more"], id="one too many"),
        pytest.param(dense("a", use_bias=False), ["a/kernel", "a/bias"], id="bias without use"),
    ],
)
def test_a_layer_that_does_not_fit_stays_without(layer: Layer, names: Sequence[str]) -> None:
    assert bound(layer, names) == {}


def test_groups_of_other_layers_are_left_alone() -> None:
    weights = [stored("b/kernel", group="b"), stored("b/bias", group="b")]
    assert bind_weights([dense("a")], model(sequential(), weights=weights)) == (dense("a"),)


@pytest.mark.parametrize(
    ("name", "is_out"),
    [
        ("dropout/seed_generator/seed_generator_state", True),
        ("seed_generator_state", True),
        ("seed_generator_state/kernel", False),
        ("dense/kernel", False),
    ],
)
def test_left_out(name: str, is_out: bool) -> None:
    assert is_left_out(stored(name)) is is_out


CONV = {"use_bias": False, "trainable": True}
PLAIN: Mapping[str, tuple[Layer, list[str], dict[str, str]]] = {
    "by name": (
        dense("a"),
        ["a/bias", "a/kernel"],
        {"a/kernel": "a/kernel", "a/bias": "a/bias"},
    ),
    "suffix of an earlier model": (
        dense("a"),
        ["a_1/kernel", "a_1/bias"],
        {"a/kernel": "a_1/kernel", "a/bias": "a_1/bias"},
    ),
    "bare roles": (dense("a"), ["bias", "kernel"], {"a/kernel": "kernel", "a/bias": "bias"}),
    "unknown roles, by order": (
        dense("a"),
        ["a/Variable", "a/Variable_1"],
        {"a/kernel": "a/Variable", "a/bias": "a/Variable_1"},
    ),
    "name with a slash": (
        dense("a/b"),
        ["a/b/kernel", "a/b/bias"],
        {"a/b/kernel": "a/b/kernel", "a/b/bias": "a/b/bias"},
    ),
    "without a bias": (dense("a", use_bias=False), ["a/kernel"], {"a/kernel": "a/kernel"}),
    "seed left out": (
        dense("a"),
        ["a/kernel", "a/bias", "a/seed_generator/seed_generator_state"],
        {"a/kernel": "a/kernel", "a/bias": "a/bias"},
    ),
    "depthwise kernel of Keras 3": (
        Layer("a", "DepthwiseConv2D", CONV, (on("x"),)),
        ["a/kernel"],
        {"a/depthwise_kernel": "a/kernel"},
    ),
    "batch normalization": (
        Layer("a", "BatchNormalization", {"scale": False, "center": True}, (on("x"),)),
        ["a/moving_mean", "a/moving_variance", "a/beta"],
        {
            "a/beta": "a/beta",
            "a/moving_mean": "a/moving_mean",
            "a/moving_variance": "a/moving_variance",
        },
    ),
    "cell": (
        Layer("a", "LSTM", LSTM, (on("x"),)),
        ["a/lstm_cell_3/kernel", "a/lstm_cell_3/recurrent_kernel", "a/lstm_cell_3/bias"],
        {
            "a/kernel": "a/lstm_cell_3/kernel",
            "a/recurrent_kernel": "a/lstm_cell_3/recurrent_kernel",
            "a/bias": "a/lstm_cell_3/bias",
        },
    ),
    "yesterday's class": (
        Layer("a", "UnifiedLSTM", {**LSTM, "use_bias": False}, (on("x"),)),
        ["a/kernel", "a/recurrent_kernel"],
        {"a/kernel": "a/kernel", "a/recurrent_kernel": "a/recurrent_kernel"},
    ),
    "each step, Keras 2": (
        Layer("a", "TimeDistributed", {}, (on("x"),), parts={"layer": dense("d")}),
        ["a/kernel", "a/bias"],
        {"a/kernel": "a/kernel", "a/bias": "a/bias"},
    ),
    "each step, Keras 3": (
        Layer("a", "TimeDistributed", {}, (on("x"),), parts={"layer": dense("d")}),
        ["a/d/bias", "a/d/kernel"],
        {"a/kernel": "a/d/kernel", "a/bias": "a/d/bias"},
    ),
}


@pytest.mark.parametrize(("layer", "names", "expected"), PLAIN.values(), ids=list(PLAIN))
def test_top_level_layers(layer: Layer, names: list[str], expected: Mapping[str, str]) -> None:
    assert bound(layer, names) == expected


RNN = {"units": 2, "use_bias": False, "trainable": True}
ONE_WAY = {"layer": Layer("l", "LSTM", RNN)}


def both_ways(name: str, **parts: Layer) -> Layer:
    return Layer(name, "Bidirectional", {}, (on("x"),), parts=parts)


@pytest.mark.parametrize(
    ("name", "forward", "backward"),
    [
        pytest.param("b", "b/forward_l/lstm_cell", "b/backward_l/lstm_cell", id="as Keras names"),
        pytest.param(
            "b", "b_1/forward_l_2/lstm_cell_4", "b_1/backward_l_2/lstm_cell_5", id="suffixes"
        ),
        pytest.param(
            "forward_b", "forward_b/forward_l", "forward_b/backward_l", id="layer called forward"
        ),
        pytest.param(
            "backward_b", "backward_b/forward_l", "backward_b/backward_l", id="called backward"
        ),
        pytest.param("b", "b/one", "b/two", id="names that say nothing, by order"),
    ],
)
def test_directions(name: str, forward: str, backward: str) -> None:
    names = [
        f"{way}/{role}" for way in (forward, backward) for role in ("kernel", "recurrent_kernel")
    ]
    expected = dict(
        zip(
            (
                f"{name}/{way}_l/{role}"
                for way in ("forward", "backward")
                for role in ("kernel", "recurrent_kernel")
            ),
            names,
            strict=True,
        )
    )
    assert bound(both_ways(name, layer=Layer("l", "LSTM", RNN)), names) == expected


def test_directions_in_any_order_are_told_by_their_names() -> None:
    names = [
        f"b/{way}_l/{role}"
        for role in ("recurrent_kernel", "kernel")
        for way in ("backward", "forward")
    ]
    found = bound(both_ways("b", layer=Layer("l", "LSTM", RNN)), names)
    assert found == {name: name for name in found}
    assert len(found) == 4


def inner(*layers: Layer, name: str = "n") -> Layer:
    graph = functional([source("z"), *layers], [layers[-1].name], ["z"], name=name)
    return nested(name, graph, on("x"))


def inner_chain(*layers: Layer, name: str = "n") -> Layer:
    graph: Graph = chain(source("z"), *layers, name=name)
    return nested(name, graph, on("x"))


def pair(head: str, *roles: str) -> list[str]:
    return [f"{head}/{role}" for role in roles or ("kernel", "bias")]


BN = {"scale": True, "center": True, "trainable": True}
NESTED: Mapping[str, tuple[Layer, list[str], dict[str, str]]] = {
    "by name": (
        inner(dense("d"), dense("e")),
        [*pair("e"), *pair("d")],
        {name: name for name in (*pair("d"), *pair("e"))},
    ),
    "prefix of a Sequential model": (
        inner_chain(dense("d"), dense("e")),
        [*pair("n/d"), *pair("n/e")],
        {f"{layer}/{role}": f"n/{layer}/{role}" for layer in "de" for role in ("kernel", "bias")},
    ),
    "suffixes of an earlier model, by order": (
        inner(dense("dense"), dense("dense_1")),
        [*pair("dense_1"), *pair("dense_2")],
        {
            "dense/kernel": "dense_1/kernel",
            "dense/bias": "dense_1/bias",
            "dense_1/kernel": "dense_2/kernel",
            "dense_1/bias": "dense_2/bias",
        },
    ),
    "frozen layers move behind, by order": (
        inner(dense("d", trainable=False), dense("e")),
        ["w0", "w1", "w2", "w3"],
        {"d/kernel": "w2", "d/bias": "w3", "e/kernel": "w0", "e/bias": "w1"},
    ),
    "statistics move behind, by order": (
        inner(Layer("d", "BatchNormalization", BN, (on("z"),)), dense("e", use_bias=False)),
        ["w0", "w1", "w2", "w3", "w4"],
        {
            "d/gamma": "w0",
            "d/beta": "w1",
            "d/moving_mean": "w3",
            "d/moving_variance": "w4",
            "e/kernel": "w2",
        },
    ),
    "a frozen model keeps the order of its layers": (
        inner(inner(dense("d"), name="m"), dense("e", trainable=False)),
        ["w0", "w1", "w2", "w3"],
        {"d/kernel": "w0", "d/bias": "w1", "e/kernel": "w2", "e/bias": "w3"},
    ),
    "names with slashes": (
        inner(dense("d/e", use_bias=False), dense("e", use_bias=False), dense("d", use_bias=False)),
        ["d/kernel", "e/kernel", "d/e/kernel"],
        {"d/kernel": "d/kernel", "e/kernel": "e/kernel", "d/e/kernel": "d/e/kernel"},
    ),
    "models named like each other's layers": (
        inner(
            inner_chain(dense("t", use_bias=False), name="s"),
            inner_chain(dense("s", use_bias=False), name="t"),
        ),
        ["s/t/kernel", "t/s/kernel"],
        {"t/kernel": "s/t/kernel", "s/kernel": "t/s/kernel"},
    ),
    "equal names in two inner models, by order": (
        inner(
            inner_chain(dense("d", use_bias=False), name="s"),
            inner_chain(dense("d", use_bias=False), name="t"),
        ),
        ["s/d/kernel", "t/d/kernel"],
        {"d/kernel": "t/d/kernel"},  # one tfjs name: the second hides the first
    ),
    "wrappers": (
        inner(
            Layer(
                "td", "TimeDistributed", {}, (on("z"),), parts={"layer": dense("d", use_bias=False)}
            ),
            both_ways("b", layer=Layer("l", "LSTM", RNN)),
        ),
        [
            *pair("n/b/forward_l/lstm_cell", "kernel", "recurrent_kernel"),
            *pair("n/b/backward_l/lstm_cell", "kernel", "recurrent_kernel"),
            "n/td/d/kernel",
        ],
        {
            "td/kernel": "n/td/d/kernel",
            "b/forward_l/kernel": "n/b/forward_l/lstm_cell/kernel",
            "b/forward_l/recurrent_kernel": "n/b/forward_l/lstm_cell/recurrent_kernel",
            "b/backward_l/kernel": "n/b/backward_l/lstm_cell/kernel",
            "b/backward_l/recurrent_kernel": "n/b/backward_l/lstm_cell/recurrent_kernel",
        },
    ),
}


HEADS = ("query", "key", "value", "attention_output")


def heads(name: str, **config: object) -> Layer:
    return Layer(name, "MultiHeadAttention", {"use_bias": True, **config}, (on("x"),))


def parts(layer: Layer, names: Sequence[str]) -> dict[str, str]:
    """Return role -> stored name of the weights of one layer, tfjs names aside."""
    group = [stored(name, group=layer.name) for name in names]
    (made,) = bind_weights([layer], model(sequential(), weights=group))
    return {weight.name: weight.values.name for weight in made.weights}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("config", "roles"),
    [
        ({}, [f"{part}/{role}" for part in HEADS for role in ("kernel", "bias")]),
        ({"use_bias": False}, [f"{part}/kernel" for part in HEADS]),
        (
            {"use_bias": False, "use_gate": True},
            [f"{part}/kernel" for part in ("query", "key", "gate", "value", "attention_output")],
        ),
    ],
    ids=["plain", "without a bias", "gate"],
)
def test_layers_inside_a_layer(config: Mapping[str, object], roles: list[str]) -> None:
    layer = heads("a", **config)
    assert parts(layer, [f"a/{role}" for role in reversed(roles)]) == {r: f"a/{r}" for r in roles}
    assert parts(layer, [f"w{i}" for i in range(len(roles))]) == {
        role: f"w{index}" for index, role in enumerate(roles)
    }


@pytest.mark.parametrize(
    ("mode", "roles"), [("dot", ["scale"]), ("concat", ["scale", "concat_score_weight"])]
)
def test_a_variable_that_depends_on_a_word(mode: str, roles: list[str]) -> None:
    layer = Layer("a", "Attention", {"use_scale": True, "score_mode": mode}, (on("x"),))
    assert parts(layer, [f"a/{role}" for role in roles]) == {role: f"a/{role}" for role in roles}


def test_a_layer_called_like_a_part_of_another() -> None:
    layer = inner(heads("query", use_bias=False), dense("key", use_bias=False))
    names = ["key/kernel", *(f"query/{part}/kernel" for part in HEADS)]
    group = [stored(name, group="n") for name in names]
    (made,) = bind_weights([layer], model(sequential(), weights=group))
    assert made.graph is not None
    found = {
        f"{child.name}/{weight.name}": weight.values.name  # type: ignore[union-attr]
        for child in made.graph.layers
        for weight in child.weights
    }
    assert found == {name: name for name in names}


@pytest.mark.parametrize(("layer", "names", "expected"), NESTED.values(), ids=list(NESTED))
def test_nested_models(layer: Layer, names: list[str], expected: Mapping[str, str]) -> None:
    assert bound(layer, names) == expected


def frozen(model: Layer) -> Layer:
    return replace(model, config={"trainable": False})


DETACHED = inner(
    Layer("n", "BatchNormalization", {**BN, "scale": False, "center": False}, (on("z"),)),
    dense("d", use_bias=False),
    name="m",
)


@pytest.mark.parametrize(
    ("layer", "version", "stored_as"),
    [
        # Keras 2 asks each model, Keras 3 each variable (keras/src/layers/layer.py).
        pytest.param(
            inner(frozen(DETACHED), dense("e", use_bias=False)), "2.15.0", "emvd", id="Keras 2"
        ),
        pytest.param(
            inner(frozen(DETACHED), dense("e", use_bias=False)), "3.15.1", "demv", id="Keras 3"
        ),
        pytest.param(
            frozen(inner(DETACHED, dense("e", use_bias=False))), "2.15.0", "dmve", id="outer, 2"
        ),
        pytest.param(
            frozen(inner(DETACHED, dense("e", use_bias=False))), "3.15.1", "mvde", id="outer, 3"
        ),
    ],
)
def test_layers_thawed_in_a_frozen_model(layer: Layer, version: str, stored_as: str) -> None:
    names = {
        "n/moving_mean": "m",
        "n/moving_variance": "v",
        "d/kernel": "d",
        "e/kernel": "e",
    }
    assert bound(layer, list(stored_as), version) == names


def test_equal_names_in_two_inner_models_get_their_own_weights() -> None:
    layer, names, _ = NESTED["equal names in two inner models, by order"]
    group = [stored(name, group="n") for name in names]
    (found,) = bind_weights([layer], model(sequential(), weights=group))
    assert found.graph is not None
    models = [item.graph for item in found.graph.layers if item.graph is not None]
    assert [stored_name(m.layer("d").weights[0]) for m in models] == names


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["conv/kernel", "conv/bias", "dense/kernel", "dense/bias"], id="by name"),
        pytest.param(["t/kernel", "t/bias", "t/kernel", "t/bias"], id="in order"),
    ],
)
def test_a_wrapper_around_a_model(names: list[str]) -> None:
    layers = (source("i"), dense("conv"), dense("dense"))
    inner = nested("inner", functional(layers, ["dense"], ["i"]))
    wrapper = Layer("t", "TimeDistributed", {"trainable": True}, (on("x"),), parts={"layer": inner})
    group = [stored(name, (index + 1,), group="t") for index, name in enumerate(names)]
    (made,) = bind_weights([wrapper], model(sequential(), "2.15.0", weights=group))
    graph = made.parts["layer"].graph
    assert graph is not None
    found = {
        f"{layer.name}/{weight.name}": weight.shape
        for layer in graph.layers
        for weight in layer.weights
    }
    assert found == {
        **{"conv/kernel": (1,), "conv/bias": (2,)},
        **{"dense/kernel": (3,), "dense/bias": (4,)},
    }


def test_a_wrapper_around_a_model_stores_what_is_frozen_last() -> None:
    layers = (source("i"), dense("conv", trainable=False), dense("dense"))
    inner = nested("inner", functional(layers, ["dense"], ["i"]))
    wrapper = Layer("t", "TimeDistributed", {"trainable": True}, (on("x"),), parts={"layer": inner})
    group = [
        stored(name, (index + 1,), group="t") for index, name in enumerate(["a", "b", "c", "d"])
    ]
    (made,) = bind_weights([wrapper], model(sequential(), "2.15.0", weights=group))
    graph = made.parts["layer"].graph
    assert graph is not None
    assert [weight.shape for weight in graph.layer("dense").weights] == [(1,), (2,)]
    assert [weight.shape for weight in graph.layer("conv").weights] == [(3,), (4,)]


@pytest.mark.parametrize(
    ("version", "names", "found"),
    [
        ("2.15.0", ["Variable"], {"a/idf_weights": "Variable"}),
        ("2.15.0", [], {}),
        ("3.15.0", [], {}),
        ("3.15.0", ["Variable"], {}),
    ],
)
def test_frequencies_are_kept_by_keras_2_alone(
    version: str, names: Sequence[str], found: dict[str, str]
) -> None:
    lookup = Layer("a", "IntegerLookup", {"output_mode": "tf_idf"}, (on("x"),))
    assert bound(lookup, names, version) == found
