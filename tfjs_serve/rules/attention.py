"""Attention without heads becomes two Dots with a softmax between them.

Before: Attention (query, value, key)
After:  Dot [2, 1] (Activation softmax (Dot [2, 2] (query, key)), value)

Scores of AdditiveAttention, and of Attention by `concat`, are a Dense(1) of tanh(query + key) over
every pair of steps, [B, T, S, D]. A trained scale becomes a depthwise convolution of one pixel.
tfjs has neither class. What is masked gets -1e9 more; outputs of masked steps are 0. In a causal
order over an unknown number of steps, the companion module counts them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfjs_serve.graph import Computed, Layer, TensorRef, Weight
from tfjs_serve.lowering.attention_masks import (
    of_steps,
    penalties,
    reshaped,
    softmax,
    together,
    within,
)
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse
from tfjs_serve.rewriting.sketch import Sketch
from tfjs_serve.rules.attention_arguments import FLAGS, INPUTS, PLAIN

KNOWN = frozenset(
    ("use_scale", "score_mode", "causal", "dropout", "seed", "trainable", INPUTS, *FLAGS)
)
"""The fields of both Kerases; dropout is for training."""

LEARNS_APART = "further training changes the scale of its scores for each feature by itself"


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write the scores and what they choose as layers of tfjs."""
    if layer.class_name not in PLAIN or INPUTS not in layer.config:
        return None
    for name, value in layer.config.items():
        if name not in KNOWN:
            return not_supported(layer, f"{name} = {value!r}")
    sketch = Sketch(layer, context)
    given = {name: sketch.input(index) for name, index in layer.config[INPUTS].items()}
    given.setdefault("key", given["value"])
    for name in ("query", "key", "value"):
        shape = sketch.shape(given[name])
        if len(shape) != 3 or shape[2] is None:
            return not_supported(layer, f"a {name} of shape {shape} (expected rank 3)")
    width = sketch.shape(given["query"])[2] or 0
    if {weight.name: weight.shape for weight in layer.weights} != _weights_of(layer, width):
        return refuse(layer, "the file does not hold the weights that its config calls for")
    scores = _scores(layer, sketch, given["query"], given["key"])
    shares = softmax(sketch, scores, _penalty(layer, sketch, given, scores))
    chosen = sketch.add("Dot", {"axes": [2, 1]}, shares, given["value"], name=layer.name)
    if "query_mask" in given:
        chosen = sketch.add("Multiply", {}, chosen, of_steps(sketch, given["query_mask"], 1))
    has_two = layer.config.get("return_attention_scores")
    made = (chosen, shares) if has_two else (chosen,)
    notes = [Note(LEARNS_APART, layer.name, NoteKind.TRAINING)] if _has_spread(layer) else []
    return sketch.done(*made, notes=notes)


def _has_spread(layer: Layer) -> bool:
    """Tell whether one number of Keras, or none, becomes many of the lowering."""
    if layer.class_name == "AdditiveAttention":
        return not layer.config.get("use_scale", True)
    return _is_pairwise(layer) or bool(layer.config.get("use_scale"))


def _is_pairwise(layer: Layer) -> bool:
    return layer.class_name == "AdditiveAttention" or layer.config.get("score_mode") == "concat"


def _weights_of(layer: Layer, width: int) -> dict[str, tuple[int, ...]]:
    is_additive = layer.class_name == "AdditiveAttention"
    weights: dict[str, tuple[int, ...]] = {}
    if layer.config.get("use_scale", is_additive):
        weights["scale"] = (width,) if is_additive else ()
    if _is_pairwise(layer) and not is_additive:
        weights["concat_score_weight"] = ()
    return weights


def _scores(layer: Layer, sketch: Sketch, query: TensorRef, key: TensorRef) -> TensorRef:
    """Return how well each step of the query goes with each of the key, [B, T, S]."""
    weights = {weight.name: weight for weight in layer.weights}
    scale = weights.get("scale")
    (_, rows, width), (_, columns, _) = sketch.shape(query), sketch.shape(key)
    if not _is_pairwise(layer):
        if scale is not None:
            pixels = _scaled(layer, sketch, reshaped(sketch, query, (rows, 1, width)), scale)
            query = reshaped(sketch, pixels, (rows, width))
        return sketch.add("Dot", {"axes": [2, 2]}, query, key)
    one, other = (rows, 1, width), (1, columns, width)
    pairs = sketch.add("Add", {}, reshaped(sketch, query, one), reshaped(sketch, key, other))
    if layer.class_name == "AdditiveAttention":
        factor = scale
    else:
        factor = weights["concat_score_weight"]
        pairs = pairs if scale is None else _scaled(layer, sketch, pairs, scale)
    kernel = _filled("kernel", factor, (width or 0, 1))
    flat = sketch.add(
        "Dense",
        {"units": 1, "use_bias": False},
        sketch.add("Activation", {"activation": "tanh"}, pairs),
        name=f"{layer.name}__score",
        weights=[kernel],
    )
    return reshaped(sketch, flat, (rows, columns))


def _scaled(layer: Layer, sketch: Sketch, pixels: TensorRef, scale: Weight) -> TensorRef:
    """Return an image [B, T, S, D] times a stored number."""
    width = sketch.shape(pixels)[3] or 0
    return sketch.add(
        "DepthwiseConv2D",
        {"kernel_size": [1, 1], "use_bias": False},
        pixels,
        name=f"{layer.name}__scale",
        weights=[_filled("depthwise_kernel", scale, (1, 1, width, 1))],
    )


def _filled(role: str, stored: Weight | None, shape: tuple[int, ...]) -> Weight:
    """Return a weight of the stored numbers, one of them repeated, none taken for 1."""

    def filled(numbers: Any = 1.0) -> Any:
        return np.full(shape, np.reshape(numbers, shape) if np.size(numbers) > 1 else numbers)

    return Weight(role, Computed(shape, (stored.values,) if stored else (), filled, ("filled",)))


def _penalty(
    layer: Layer, sketch: Sketch, given: Mapping[str, TensorRef], scores: TensorRef
) -> TensorRef | None:
    """Return what is added to the scores of keys that a step must not see."""
    masks = [of_steps(sketch, given["value_mask"], 2)] if "value_mask" in given else []
    if layer.config.get("use_causal_mask") or layer.config.get("causal"):
        masks.append(within(sketch, scores, ahead=0))
    return penalties(sketch, together(sketch, masks))
