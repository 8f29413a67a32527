"""A Dot of normalized vectors normalizes them by layers of their own.

Before: Dot {"axes": [1, 1], "normalize": true} (x, y)
After:  Dot {"axes": [1, 1], "normalize": false} on a UnitNormalization of each

tfjs divides by 3.2e-4 at least (losses.ts, `l2Normalize`), Keras 2 by 1e-6 and Keras 3 by 1e-7.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("Dot",)

SHORT_VECTORS = "vectors shorter than 1e-6 get length 1, which Keras leaves shorter"


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Normalize both inputs before the Dot."""
    inputs = layer.calls[0].inputs
    if (
        layer.class_name not in CLASSES
        or layer.config.get("normalize") is not True
        or len(inputs) != 2
    ):
        return None
    axes = layer.config.get("axes")
    axes = [axes, axes] if isinstance(axes, int) else axes
    if not isinstance(axes, list | tuple) or len(axes) != 2:
        return None
    units = tuple(
        Layer(f"{layer.name}__unit_{i + 1}", "UnitNormalization", {"axis": axis}, (Call((ref,)),))
        for i, (ref, axis) in enumerate(zip(inputs, axes, strict=True))
    )
    call = Call((tuple(TensorRef(unit.name) for unit in units),))
    dot = replace(with_fields(layer, {"normalize": False}), calls=(call,))
    note = Note(SHORT_VECTORS, layer.name, NoteKind.ACCURACY)
    return Lowering((*units, dot), (TensorRef(layer.name),), (note,))
