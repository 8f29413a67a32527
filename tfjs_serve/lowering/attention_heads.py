"""Attention of several heads: how wide they are, and the Dense layers that hold their weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Config, Layer, Shape, TensorRef, Weight
from tfjs_serve.rewriting.sketch import Sketch

OF_WEIGHTS = tuple(
    f"{role}_{what}" for role in ("kernel", "bias") for what in ("initializer", "regularizer")
)
"""Fields that every Dense is given."""


@dataclass(frozen=True, slots=True)
class Form:
    """How many heads the query has, and key and value; how wide they are."""

    heads: int
    shared: int
    key_dim: int
    value_dim: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What a lowering is drawn from."""

    layer: Layer
    form: Form
    sketch: Sketch
    given: Mapping[str, TensorRef]
    generation: int
    weights: Mapping[str, Weight]


def form_of(config: Config) -> Form:
    """Return the form that a config of either class tells."""
    if "num_query_heads" in config:
        width = config["head_dim"]
        return Form(config["num_query_heads"], config["num_key_value_heads"], width, width)
    heads, width = config["num_heads"], config["key_dim"]
    return Form(heads, heads, width, config.get("value_dim") or width)


def has_weights(plan: Plan) -> bool:
    """Tell whether the layer has all its weights, in the shapes that follow from its inputs."""
    form, config = plan.form, plan.layer.config
    widths = {name: plan.sketch.shape(plan.given[name])[2] for name in ("query", "key", "value")}
    output = plan.weights.get("attention_output/kernel")
    ends: dict[str, tuple[Shape, Shape]] = {
        "query": ((widths["query"],), (form.heads, form.key_dim)),
        "key": ((widths["key"],), (form.shared, form.key_dim)),
        "value": ((widths["value"],), (form.shared, form.value_dim)),
        "attention_output": ((form.heads, form.value_dim), output.shape[2:] if output else ()),
    }
    if config.get("use_gate"):
        ends["gate"] = ((widths["query"],), (form.heads, form.value_dim))
    wanted = {f"{part}/kernel": (*given, *made) for part, (given, made) in ends.items()}
    if config.get("use_bias", True):
        wanted |= {f"{part}/bias": made for part, (_, made) in ends.items()}
    return {name: weight.shape for name, weight in plan.weights.items()} == wanted


def _reshape(shape: Shape, stored: Any) -> Any:
    return stored.reshape(shape)


@dataclass(frozen=True, slots=True)
class Taken:
    """How the weights of a Dense are made from those of a part of the layer."""

    part: str
    compute: Callable[[Shape, Any], Any] = _reshape
    key: tuple[object, ...] = ("reshape",)


def add_dense(
    plan: Plan, x: TensorRef, name: str, width: int, taken: Taken, activation: str = "linear"
) -> TensorRef:
    """Add a Dense with weights made from those of the layer."""
    shapes = {"kernel": (plan.sketch.shape(x)[2] or 0, width), "bias": (width,)}
    weights = [
        Weight(role, Computed(shape, (stored.values,), partial(taken.compute, shape), taken.key))
        for role, shape in shapes.items()
        if (stored := plan.weights.get(f"{taken.part}/{role}"))
    ]
    config = {field: plan.layer.config[field] for field in OF_WEIGHTS if field in plan.layer.config}
    config |= {"units": width, "activation": activation, "use_bias": len(weights) == 2}
    return plan.sketch.add("Dense", config, x, name=name, weights=weights)


def add_head(plan: Plan, part: str, index: int, width: int, scale: float = 1.0) -> TensorRef:
    """Add the Dense that makes the query, key or value of one head."""

    def of_head(shape: Shape, stored: Any) -> Any:
        return stored[..., index, :] * np.float32(scale)

    name = f"{plan.layer.name}__{part}_{index}"
    taken = Taken(part, of_head, ("head", index, scale))
    return add_dense(plan, plan.given[part], name, width, taken)
