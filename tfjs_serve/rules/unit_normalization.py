"""A UnitNormalization becomes a LayerNormalization of a tensor beside its negative.

Before: UnitNormalization {"axis": -1} on [null, 8]
After:  the layers of rms_normalization without a scale, times 1 / sqrt(8)

The epsilon of 1e-30 is there for vectors of zeros alone, which stay as they are.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch
from tfjs_serve.rules.rms_normalization import normalized, normalized_axes

CLASSES = ("UnitNormalization",)

EPSILON = 1e-30

SHORT_VECTORS = "vectors shorter than 1e-6 get length 1, which Keras 2 leaves shorter"


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Divide by the length of the vectors along some axes."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or shape is None:
        return None
    sketch = Sketch(layer, context)
    output = normalized(sketch, layer, normalized_axes(layer, shape), EPSILON, None)
    # tf.linalg.l2_normalize divides by 1e-6 at least, keras.ops.normalize by 1e-12.
    notes = (Note(SHORT_VECTORS, layer.name, NoteKind.ACCURACY),) if context.generation < 3 else ()
    return sketch.done(output, notes=notes)
