"""Names for Sequential models that were saved without one."""

from __future__ import annotations

from typing import Any

from tests.front_ends.configs import dense, functional, input2, keras2, sequential
from tfjs_serve.front_ends.nameless import named


def bare(*layers: Any, **more: Any) -> dict[str, Any]:
    """Return a Sequential model as Keras wrote it until 2.2.2."""
    return {"class_name": "Sequential", "config": list(layers), **more}


def test_models_with_names_stay() -> None:
    for config in (
        sequential(dense("a"), sequential(dense("b"), name="inner")),
        bare(dense("a"), bare(dense("b"), name="inner")),
        functional([input2(), bare(dense("b"), name="inner", inbound_nodes=[keras2("x")])], "b"),
    ):
        assert named(config, ("a", "inner")) == config


def test_a_name_is_that_of_the_weights_at_the_same_place() -> None:
    inner = bare(dense("b"))
    found = named(bare(dense("a"), inner, inner), ("a", "sequential_9", "sequential_10"))
    assert [layer.get("name") for layer in found["config"]] == [
        "a",
        "sequential_9",
        "sequential_10",
    ]


def test_other_names_are_made_up() -> None:
    deep = bare(dense("a"), bare(dense("b"), bare(dense("c"))))
    found = named(deep, ("a",))
    inner = found["config"][1]
    assert inner["name"] == "sequential__2"
    assert inner["config"][1]["name"] == "sequential__2__2"
