"""A CustomScaleLayer becomes an Add of the scaled second input.

Before: CustomScaleLayer {"scale": 0.17} (x, y)
After:  Add (x, Rescaling {"scale": 0.17} (y))

The class of keras.applications' InceptionResNetV2, `inputs[0] + inputs[1] * scale`; Keras 2
writes it as `Custom>CustomScaleLayer` (applications/inception_resnet_v2.py).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("CustomScaleLayer", "Custom>CustomScaleLayer")
FIELDS = frozenset({"scale", "trainable"})


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Scale the second input and add it to the first."""
    if layer.class_name not in CLASSES or not _is_of_keras(layer):
        return None
    sketch = Sketch(layer, context)
    scale = {"scale": layer.config["scale"], "offset": 0.0}
    scaled = sketch.add("Rescaling", scale, sketch.input(1))
    return sketch.done(sketch.add("Add", {}, sketch.input(0), scaled, name=layer.name))


def _is_of_keras(layer: Layer) -> bool:
    return (
        layer.config.keys() <= FIELDS
        and is_number(layer.config.get("scale"))
        and len(layer.calls[0].inputs) == 2
    )
