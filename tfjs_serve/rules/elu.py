"""An ELU with another alpha than 1 becomes a sum of its positive and its negative part.

Before: ELU {"alpha": 0.5}
After:  relu(x) + 0.5 elu(-relu(-x)), by an Add

tfjs refuses any other alpha (layers/advanced_activations.ts 237).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("ELU",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Scale the negative part of an ELU."""
    alpha = layer.config.get("alpha", 1)
    if layer.class_name not in CLASSES or not is_number(alpha) or alpha == 1:
        return None
    sketch = Sketch(layer, context)
    negated = {"scale": -1.0, "offset": 0.0}
    positive = sketch.add("Activation", {"activation": "relu"}, sketch.input())
    below = sketch.add("Rescaling", negated, sketch.input())
    below = sketch.add("Activation", {"activation": "relu"}, below)
    below = sketch.add("Rescaling", negated, below)
    below = sketch.add("Activation", {"activation": "elu"}, below)
    below = sketch.add("Rescaling", {"scale": alpha, "offset": 0.0}, below)
    return sketch.done(sketch.add("Add", {}, positive, below, name=layer.name))
