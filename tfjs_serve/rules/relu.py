"""A ReLU with a slope or a threshold is written with the layers that have them.

Before: ReLU {"max_value": 6, "negative_slope": 0.1, "threshold": 1}
After:  ReLU {"max_value": 6} (ThresholdedReLU {"theta": 1} (x)) - 0.1 relu(1 - x), by an Add

tfjs reads `max_value` only (layers/advanced_activations.ts). The formula is Keras's own:
clip(x [x > threshold], 0, max_value) - negative_slope relu(threshold - x).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.rewriting.rule import Context, Lowering, Rewrite
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("ReLU",)


def rewrite(layer: Layer, context: Context) -> Lowering | Rewrite | None:
    """Add up the positive and the negative part of a ReLU."""
    if layer.class_name not in CLASSES or len(layer.calls[0].inputs) != 1:
        return None
    limit = layer.config.get("max_value")
    slope = _number(layer, "negative_slope")
    threshold = _number(layer, "threshold")
    if slope is None or threshold is None or threshold < 0 or not (slope or threshold):
        return None
    if slope > 0 and not threshold and limit is None:
        config = {"trainable": layer.config.get("trainable", True), "alpha": slope}
        return Rewrite(replace(layer, class_name="LeakyReLU", config=config))
    sketch = Sketch(layer, context)
    positive: TensorRef = sketch.input()
    own = layer.name if not slope else None
    if threshold:
        name = own if limit is None else None
        positive = sketch.add("ThresholdedReLU", {"theta": threshold}, positive, name=name)
    if limit is not None or not threshold:
        positive = sketch.add("ReLU", {"max_value": limit}, positive, name=own)
    if not slope:
        return sketch.done(positive)
    below = sketch.add("Rescaling", {"scale": -1.0, "offset": threshold}, sketch.input())
    below = sketch.add("ReLU", {"max_value": None}, below)
    below = sketch.add("Rescaling", {"scale": -slope, "offset": 0.0}, below)
    return sketch.done(sketch.add("Add", {}, positive, below, name=layer.name))


def _number(layer: Layer, field: str) -> float | None:
    value = layer.config.get(field) or 0.0
    return float(value) if is_number(value) else None
