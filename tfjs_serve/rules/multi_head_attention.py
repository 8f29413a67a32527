"""Attention of several heads becomes one chain of Dense, Dot and softmax for each head.

Before: MultiHeadAttention {"num_heads": 2, "key_dim": 3} (query, value, key)
After:  for each head: q = Dense(3) (query), k = Dense(3) (key), v = Dense(3) (value)
                       Dot [2, 1] (Activation softmax (Dot [2, 2] (q, k)), v)
        Dense (Concatenate (heads))

tfjs has none of these classes, and its Dot stops at rank 3, so heads cannot share one. The weights
are slices of Keras's, those of q times 1 / sqrt(key_dim). In GroupedQueryAttention several heads
share a k and a v. Masks, causal order and windows are added to the scores as -1e9.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from tfjs_serve.artifacts import Note, NoteKind
from tfjs_serve.graph import Computed, Config, Layer, Shape, TensorRef, Weight
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.attention_masks import (
    is_above_half,
    is_set,
    masks_of_inputs,
    penalties,
    reshaped,
    softmax,
    together,
    within,
)
from tfjs_serve.lowering.tensor_parts import sliced
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse
from tfjs_serve.rewriting.sketch import Sketch
from tfjs_serve.rules.attention_arguments import FLAGS, HEADS, INPUTS

OF_WEIGHTS = tuple(
    f"{role}_{what}" for role in ("kernel", "bias") for what in ("initializer", "regularizer")
)
"""Fields that every Dense is given."""

KNOWN = frozenset(
    (
        *("num_heads", "key_dim", "value_dim", "head_dim", "num_query_heads"),
        *("num_key_value_heads", "dropout", "use_bias", "use_gate", "output_shape", "trainable"),
        *("attention_axes", "sliding_window", "flash_attention", "seed", INPUTS, *FLAGS),
        *("query_shape", "key_shape", "value_shape", "activity_regularizer"),
        *(*OF_WEIGHTS, "kernel_constraint", "bias_constraint"),
    )
)
"""The fields of both Kerases. Dropout is for training, and how Keras makes haste is its own."""

SCALED = (
    "the weights of its queries hold 1 / sqrt(key_dim), which changes how fast they are trained "
    "further"
)


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


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write attention out head by head."""
    if layer.class_name not in HEADS or INPUTS not in layer.config:
        return None
    for name, value in layer.config.items():
        if name not in KNOWN or (name == "attention_axes" and value not in (None, [1])):
            return not_supported(layer, f"{name} = {value!r}")
    sketch = Sketch(layer, context)
    given = {name: sketch.input(index) for name, index in layer.config[INPUTS].items()}
    given.setdefault("key", given["value"])
    weights = {weight.name: weight for weight in layer.weights}
    plan = Plan(layer, _form(layer.config), sketch, given, context.generation, weights)
    for name in ("query", "key", "value"):
        shape = sketch.shape(plan.given[name])
        if len(shape) != 3 or shape[2] is None:
            return not_supported(layer, f"a {name} of shape {shape} (expected rank 3)")
    if not _has_weights(plan):
        return refuse(layer, "the file does not hold the weights that its config calls for")
    return _drawn(plan)


def _form(config: Config) -> Form:
    if "num_query_heads" in config:
        width = config["head_dim"]
        return Form(config["num_query_heads"], config["num_key_value_heads"], width, width)
    heads, width = config["num_heads"], config["key_dim"]
    return Form(heads, heads, width, config.get("value_dim") or width)


def _has_weights(plan: Plan) -> bool:
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


def _drawn(plan: Plan) -> Lowering:
    form, sketch = plan.form, plan.sketch
    keys = [_head(plan, "key", index, form.key_dim) for index in range(form.shared)]
    values = [_head(plan, "value", index, form.value_dim) for index in range(form.shared)]
    parts: list[TensorRef] = []
    shares: list[TensorRef] = []
    mask = penalty = None
    has_masks_of_heads = _has_masks_of_heads(plan)
    for index in range(form.heads):
        source = index * form.shared // form.heads
        query = _head(plan, "query", index, form.key_dim, 1 / math.sqrt(form.key_dim))
        scores = sketch.add("Dot", {"axes": [2, 2]}, query, keys[source])
        if not index or has_masks_of_heads:
            mask = _mask(plan, scores, index)
            penalty = penalties(sketch, mask)
        share = softmax(sketch, scores, penalty)
        if mask is not None and _is_softmax_a_layer(plan):
            share = sketch.add("Multiply", {}, share, mask)
        shares.append(share)
        parts.append(sketch.add("Dot", {"axes": [2, 1]}, shares[-1], values[source]))
    outputs = [_output(plan, _gated(plan, _joined(sketch, parts, 2)))]
    if plan.layer.config.get("return_attention_scores"):
        planes = [reshaped(sketch, share, (1, *sketch.shape(share)[1:])) for share in shares]
        outputs.append(_joined(sketch, planes, 1))
    return sketch.done(*outputs, notes=[Note(SCALED, plan.layer.name, NoteKind.TRAINING)])


def _joined(sketch: Sketch, parts: list[TensorRef], axis: int) -> TensorRef:
    return parts[0] if len(parts) == 1 else sketch.add("Concatenate", {"axis": axis}, *parts)


def _has_masks_of_heads(plan: Plan) -> bool:
    """Tell whether the heads are given masks of their own."""
    mask = plan.given.get("attention_mask")
    shape = () if mask is None else plan.sketch.shape(mask)
    return len(shape) == 4 and shape[1] != 1


def _mask(plan: Plan, scores: TensorRef, head: int) -> TensorRef | None:
    """Return which scores count, 1 or 0, for one head."""
    sketch, config = plan.sketch, plan.layer.config
    masks = masks_of_inputs(sketch, plan.given)
    if config.get("use_causal_mask"):
        masks.append(within(sketch, scores, ahead=0))
    if (window := config.get("sliding_window")) is not None:
        masks += [within(sketch, scores, ahead=window - 1, sign=sign) for sign in (1, -1)]
    if (mask := plan.given.get("attention_mask")) is not None:
        own = _of_head(plan, mask, head)
        masks.append(_given_mask(plan, own, is_alone=not masks))
    return together(sketch, masks)


def _of_head(plan: Plan, mask: TensorRef, head: int) -> TensorRef:
    """Return the attention mask of one head, [B, T, S]: all may have one, or each its own."""
    shape = plan.sketch.shape(mask)
    if len(shape) == 3:
        return mask
    if len(shape) != 4 or shape[1] not in (1, plan.form.heads):
        raise ShapeError(f"needs an attention_mask of rank 3 or one for each head, got {shape}")
    place = head if shape[1] != 1 else 0
    own = sliced(plan.sketch, mask, 1, place, place + 1)
    return reshaped(plan.sketch, own, shape[2:])


def _given_mask(plan: Plan, mask: TensorRef, *, is_alone: bool) -> TensorRef:
    """Return what a mask of any numbers is taken for, 1 or 0.

    Together with others it is cast to bool. Alone, Keras 2 takes its numbers as they are, and
    GroupedQueryAttention leaves it to the layer Softmax.
    """
    if is_alone and plan.generation < 3:
        return mask
    if is_alone and _is_softmax_a_layer(plan) and plan.layer.class_name == "GroupedQueryAttention":
        return is_above_half(plan.sketch, mask)
    return is_set(plan.sketch, mask)


def _is_softmax_a_layer(plan: Plan) -> bool:
    """Tell whether Keras 3 computes by its layer Softmax, which sets what is masked to 0.

    Else `dot_product_attention` does, which leaves the plain mean where everything is masked.
    """
    config = plan.layer.config
    has_steps = (config.get("dropout") or 0) > 0 or config.get("return_attention_scores", False)
    return plan.generation >= 3 and has_steps


def _head(plan: Plan, part: str, index: int, width: int, scale: float = 1.0) -> TensorRef:
    """Return the query, key or value of one head."""

    def of_head(shape: Shape, stored: Any) -> Any:
        return stored[..., index, :] * np.float32(scale)

    name = f"{plan.layer.name}__{part}_{index}"
    taken = _Taken(part, of_head, ("head", index, scale))
    return _dense(plan, plan.given[part], name, width, taken)


def _gated(plan: Plan, joined: TensorRef) -> TensorRef:
    if not plan.layer.config.get("use_gate"):
        return joined
    width, name = plan.form.heads * plan.form.value_dim, f"{plan.layer.name}__gate"
    gate = _dense(plan, plan.given["query"], name, width, _Taken("gate"), "sigmoid")
    return plan.sketch.add("Multiply", {}, joined, gate)


def _output(plan: Plan, joined: TensorRef) -> TensorRef:
    """Return the heads brought together, in one axis or in several."""
    made = plan.weights["attention_output/kernel"].shape[2:]
    output = _dense(plan, joined, plan.layer.name, math.prod(made), _Taken("attention_output"))
    return reshaped(plan.sketch, output, (plan.sketch.shape(joined)[1], *made))


def _reshape(shape: Shape, stored: Any) -> Any:
    return stored.reshape(shape)


@dataclass(frozen=True, slots=True)
class _Taken:
    """How the weights of a Dense are made from those of a part of the layer."""

    part: str
    compute: Callable[[Shape, Any], Any] = _reshape
    key: tuple[object, ...] = ("reshape",)


def _dense(
    plan: Plan, x: TensorRef, name: str, width: int, taken: _Taken, activation: str = "linear"
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
