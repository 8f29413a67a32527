"""A Softmax layer becomes a softmax Activation over the last axis.

Before: Softmax {"axis": 1} on [null, 3, 2]
After:  Permute, Activation {"activation": "softmax"}, Permute

tfjs computes a softmax over the last axis only (softmax in tfjs-core), and its Softmax layer
reads the masks of layers before it. Several axes are joined to one in between.

Before: Softmax (x, m), where m is the mask
After:  Softmax (x + 1e9 m - 1e9), for Keras 3 times m, which is 0 or 1

Keras 2 adds the same (layers/activation/softmax.py); Keras 3 also returns 0 for what the mask
leaves out, which tells only where that is everything (activations/softmax.py).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.attention_masks import PENALTY
from tfjs_serve.lowering.chains import finished, permute, reshape, step
from tfjs_serve.lowering.composing import Composer
from tfjs_serve.lowering.operands import known_shape
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("Softmax",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Move the axes to the end, join them and apply a softmax there."""
    if layer.class_name not in CLASSES:
        return None
    if len(context.shapes) == 2:
        return _masked(layer, context)
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    axis = layer.config.get("axis", -1)
    axes = list(axis) if isinstance(axis, list | tuple) else [axis]
    if shape is None or not all(map(is_integer, axes)):
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


def _masked(layer: Layer, context: Context) -> Lowering | Refusal:
    x, mask = layer.calls[0].inputs
    ranks = [len(known_shape(shape)) for shape in context.shapes]
    if ranks[0] != ranks[1]:
        return not_supported(layer, f"a mask of rank {ranks[1]} for an input of rank {ranks[0]}")
    to = Composer(layer)
    kept = to.op("Greater", mask, 0.5) if context.generation >= 3 else mask
    penalty = to.layer("Rescaling", kept, scale=PENALTY, offset=-PENALTY)
    made = to.layer("Softmax", to.op("Add", x, penalty), **layer.config)
    return to.done(to.op("Multiply", made, kept) if context.generation >= 3 else made)
