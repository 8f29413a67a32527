"""A Softmax layer becomes a softmax Activation over the last axis.

Before: Softmax {"axis": 1} on [null, 3, 2]
After:  Permute, Activation {"activation": "softmax"}, Permute

tfjs computes a softmax over the last axis only (softmax in tfjs-core), and its Softmax layer
reads the masks of layers before it. Several axes are joined to one in between.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.chains import finished, permute, reshape, step
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Move the axes to the end, join them and apply a softmax there."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    axis = layer.config.get("axis", -1)
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if layer.class_name != "Softmax" or shape is None or not all(map(is_integer, axes)):
        return None
    rank = len(shape)
    axes = sorted({item % rank for item in axes if -rank <= item < rank})
    if not axes or axes[0] == 0:
        return None
    there, back = axes_last(rank, axes)
    moved = (shape[0], *(shape[item] for item in there))
    steps = [step(layer, "softmax", "Activation", {"activation": "softmax"})]
    if len(axes) > 1:
        kept = moved[: rank - len(axes)]
        joined = (*kept, held((None, *moved[len(kept) :])))
        steps = [
            reshape(layer, "join", *lengths(joined)),
            *steps,
            reshape(layer, "part", *lengths(moved)),
        ]
    if there != sorted(there):
        steps = [permute(layer, "there", *there), *steps, permute(layer, "back", *back)]
    return finished(layer, *steps)
