"""A Subtract becomes an Add of the negated second input.

Before: Subtract (x, y)
After:  Add (x, Rescaling {"scale": -1} (y))

tfjs has no Subtract layer; negation is exact.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("Subtract",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Add the negated second input to the first."""
    if layer.class_name not in CLASSES or len(layer.calls[0].inputs) != 2:
        return None
    sketch = Sketch(layer, context)
    negated = sketch.add("Rescaling", {"scale": -1.0, "offset": 0.0}, sketch.input(1))
    return sketch.done(sketch.add("Add", {}, sketch.input(0), negated, name=layer.name))
