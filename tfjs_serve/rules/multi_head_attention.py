"""Attention of several heads becomes one chain of Dense, Dot and softmax for each head.

Before: MultiHeadAttention {"num_heads": 2, "key_dim": 3} (query, value, key)
After:  for each head: q = Dense(3) (query), k = Dense(3) (key), v = Dense(3) (value)
                       Dot [2, 1] (Activation softmax (Dot [2, 2] (q, k)), v)
        Dense (Concatenate (heads))

tfjs has none of these classes, and its Dot stops at rank 3, so heads cannot share one. The weights
are slices of Keras's, those of q times 1 / sqrt(key_dim). In GroupedQueryAttention several heads
share a k and a v. Masks, causal order and windows are added to the scores as -1e9; where a number
of steps is unknown, the companion module counts them.
"""

from __future__ import annotations

import math

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.attention_heads import (
    OF_WEIGHTS,
    Plan,
    Taken,
    add_dense,
    add_head,
    form_of,
    has_weights,
)
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
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse
from tfjs_serve.rewriting.sketch import Sketch
from tfjs_serve.rules.attention_arguments import FLAGS, HEADS, INPUTS

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
    plan = Plan(layer, form_of(layer.config), sketch, given, context.generation, weights)
    for name in ("query", "key", "value"):
        shape = sketch.shape(plan.given[name])
        if len(shape) != 3 or shape[2] is None:
            return not_supported(layer, f"a {name} of shape {shape} (expected rank 3)")
    if not has_weights(plan):
        return refuse(layer, "the file does not hold the weights that its config calls for")
    return _drawn(plan)


def _drawn(plan: Plan) -> Lowering:
    form, sketch = plan.form, plan.sketch
    keys = [add_head(plan, "key", index, form.key_dim) for index in range(form.shared)]
    values = [add_head(plan, "value", index, form.value_dim) for index in range(form.shared)]
    parts: list[TensorRef] = []
    shares: list[TensorRef] = []
    mask = penalty = None
    has_masks_of_heads = _has_masks_of_heads(plan)
    for index in range(form.heads):
        source = index * form.shared // form.heads
        query = add_head(plan, "query", index, form.key_dim, 1 / math.sqrt(form.key_dim))
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


def _gated(plan: Plan, joined: TensorRef) -> TensorRef:
    if not plan.layer.config.get("use_gate"):
        return joined
    width, name = plan.form.heads * plan.form.value_dim, f"{plan.layer.name}__gate"
    gate = add_dense(plan, plan.given["query"], name, width, Taken("gate"), "sigmoid")
    return plan.sketch.add("Multiply", {}, joined, gate)


def _output(plan: Plan, joined: TensorRef) -> TensorRef:
    """Return the heads brought together, in one axis or in several."""
    made = plan.weights["attention_output/kernel"].shape[2:]
    output = add_dense(plan, joined, plan.layer.name, math.prod(made), Taken("attention_output"))
    return reshaped(plan.sketch, output, (plan.sketch.shape(joined)[1], *made))
