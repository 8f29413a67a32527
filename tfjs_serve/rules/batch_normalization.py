"""A BatchNormalization goes over the last axis, of input of rank 2 to 4.

Before: BatchNormalization {"axis": 1} on [null, 3, 4]
After:  Permute, BatchNormalization {"axis": 2}, Permute

For another axis the cpu and wasm backends of tfjs compute other numbers (tfjs-backend-cpu,
BatchNorm.ts), and above rank 4 it throws (layers/normalization.ts 65): axes are joined there.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.chains import chain, permute, reshape
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("BatchNormalization",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Move the axis to the end, and join all others where there are too many."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    axis = layer.config.get("axis", -1)
    if layer.class_name not in CLASSES or shape is None or not is_integer(axis):
        return None
    rank = len(shape)
    axis = axis + rank if axis < 0 else axis
    if not 0 < axis < rank or (axis == rank - 1 and rank <= 4):
        return None
    there, back = axes_last(rank, [axis])
    moved = (shape[0], *(shape[item] for item in there))
    is_joined = rank > 4
    steps = [with_fields(layer, {"axis": 2 if is_joined else rank - 1})]
    if is_joined:
        view = (shape[0], held(moved[:-1]), moved[-1])
        steps = [
            reshape(layer, "join", *lengths(view)),
            *steps,
            reshape(layer, "part", *lengths(moved)),
        ]
    if there != sorted(there):
        steps = [permute(layer, "there", *there), *steps, permute(layer, "back", *back)]
    return chain(*steps)
