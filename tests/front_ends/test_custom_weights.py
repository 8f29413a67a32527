from __future__ import annotations

from collections.abc import Sequence

import pytest

from tests.front_ends.configs import model, sequential
from tests.models import functional, nested, on, source, stored
from tests.models import sequential as chain
from tfjs_serve.front_ends.archive_paths import bind_by_path
from tfjs_serve.front_ends.custom_weights import is_unknown
from tfjs_serve.front_ends.weights import bind_weights
from tfjs_serve.graph import Layer
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.topology import named_weights


def custom(name: str, class_name: str = "mine>Twice", **parts: Layer) -> Layer:
    return Layer(name, class_name, {}, (on("x"),), parts=parts)


def dense(name: str) -> Layer:
    return Layer(name, "Dense", {"use_bias": True, "trainable": True}, (on("x"),))


def names(layers: Sequence[Layer]) -> dict[str, str]:
    """Return tfjs name -> stored name of the weights of some layers."""
    graph = functional([source(), *layers], [layers[-1].name])
    weights = ((name, weight.values) for name, weight in named_weights(graph))
    return {name: found.name for name, found in weights if isinstance(found, StoredWeight)}


@pytest.mark.parametrize(
    ("layer", "expected"),
    [
        (dense("a"), False),
        (custom("a", "LayerScale"), False),
        (custom("a", "keras.ops.Add"), False),
        (nested("a", chain(source("z")), on("x")), False),
        (custom("a"), True),
        (custom("a", "mine>Dense"), True),
    ],
    ids=lambda value: value.class_name if isinstance(value, Layer) else "",
)
def test_unknown(layer: Layer, expected: bool) -> None:
    assert is_unknown(layer) is expected


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], {}),
        (["a/w", "a/shift"], {"a/w": "a/w", "a/shift": "a/shift"}),
        (["model/a/w"], {"a/w": "model/a/w"}),
        (["a_1/w"], {"a/w": "a_1/w"}),
        (["a/in/w", "a/out/w"], {"a/in/w": "a/in/w", "a/out/w": "a/out/w"}),
        (["a_1/w", "a_2/w"], {"a/w": "a_1/w", "a/w_1": "a_2/w"}),
        (["a/my w"], {"a/my_w": "a/my w"}),
    ],
    ids=str,
)
def test_a_layer_gets_all_of_its_group(found: list[str], expected: dict[str, str]) -> None:
    group = [stored(name, group="a") for name in found]
    layers = bind_weights([custom("a")], model(sequential(), weights=group))
    assert names(layers) == expected


def test_a_layer_of_a_nested_model_gets_what_has_its_name() -> None:
    inner = nested("m", chain(source("z"), dense("d"), custom("a")), on("x"))
    found = ["m/d/kernel", "m/d/bias", "m/a/w"]
    group = [stored(name, group="m") for name in found]
    layers = bind_weights([inner], model(sequential(), weights=group))
    assert names(layers) == {"d/kernel": "m/d/kernel", "d/bias": "m/d/bias", "a/w": "m/a/w"}


@pytest.mark.parametrize("found", [["t/w", "t/shift"], ["t/a/w", "t/a/shift"]], ids=str)
def test_a_layer_on_each_step_gets_what_its_wrapper_has(found: list[str]) -> None:
    wrapper = Layer("t", "TimeDistributed", {}, (on("x"),), parts={"layer": custom("a")})
    group = [stored(name, group="t") for name in found]
    layers = bind_weights([wrapper], model(sequential(), weights=group))
    inside = layers[0].parts["layer"].weights
    assert [(own.name, own.values) for own in inside] == [
        (name, stored(path, group="t")) for name, path in zip(("w", "shift"), found, strict=True)
    ]


def test_of_two_layers_of_one_name_neither_gets_any() -> None:
    inner = nested("n", chain(source("z"), custom("a")), on("z"))
    outer = nested("m", chain(source("z"), custom("a"), inner), on("x"))
    group = [stored(name, group="m") for name in ("m/a/w", "m/n/a/w")]
    assert names(bind_weights([outer], model(sequential(), weights=group))) == {}


def test_an_archive_numbers_variables() -> None:
    paths = [("layers/twice/inside/vars", 2), ("layers/twice/vars", 1), ("layers/twice_1/vars", 1)]
    paths.append(("layers/twice/seed_generator/vars", 1))
    weights = [
        StoredWeight(owner, f"{owner}/{index}", (2,), "<f4", f"{owner}/{index}", None)
        for owner, count in paths
        for index in range(count)
    ]
    layers = bind_by_path([custom("a"), custom("b")], model(sequential(), weights=weights))
    assert names(layers) == {
        "a/weight_0": "layers/twice/vars/0",
        "a/inside/weight_0": "layers/twice/inside/vars/0",
        "a/inside/weight_1": "layers/twice/inside/vars/1",
        "b/weight_0": "layers/twice_1/vars/0",
    }
