"""A GroupNormalization becomes a LayerNormalization of groups and a scale for each channel.

Before: GroupNormalization {"groups": 2} on [null, 4, 4, 6]
After:  Reshape [16, 2, 3], LayerNormalization {"axis": [1, 3]}, Reshape [4, 4, 6], DepthwiseConv2D

tfjs has no GroupNormalization. The weights gamma and beta become kernel and bias of a depthwise
convolution of 1 by 1, which train alike. Images of unknown height and width are cut into groups by
a frozen Dense each, since no Reshape would bring their shape back.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, finished, permute, reshape, step, values_of
from tfjs_serve.lowering.tensor_parts import linear_map
from tfjs_serve.lowering.toolbox import axes_last, channel_affine, held, lengths
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("GroupNormalization",)

LEARNS_SCALE = "training also learns a scale for each channel, which Keras leaves at 1"


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Normalize groups of channels, then scale and shift every channel."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    axis, groups = layer.config.get("axis", -1), layer.config.get("groups", 32)
    if layer.class_name not in CLASSES or shape is None:
        return None
    if not is_integer(axis) or not is_integer(groups):
        return None
    axis = axis % len(shape)
    if axis == 0:
        return None
    if axis != len(shape) - 1:
        there, back = axes_last(len(shape), [axis])
        inner = with_fields(layer, {"axis": -1})
        return chain(permute(layer, "there", *there), inner, permute(layer, "back", *back))
    channels = shape[-1]
    if channels is None:
        raise ShapeError(f"needs a known number of channels, got {shape}")
    groups = channels if groups == -1 else groups
    gamma, beta = values_of(layer, "gamma"), values_of(layer, "beta")
    if (gamma is not None, beta is not None) != (
        layer.config.get("scale", True),
        layer.config.get("center", True),
    ):
        return None
    has_affine = gamma is not None or beta is not None
    affine = channel_affine(layer, shape, gamma, beta) if has_affine else ()
    if shape[1:].count(None) == 2 and len(shape) == 4:
        lowering = _of_any_size(Sketch(layer, context), layer, groups, affine)
    else:
        steps = [
            reshape(layer, "groups", held(shape[:-1]), groups, channels // groups),
            step(layer, "normalize", "LayerNormalization", _normalizing(layer, [1, 3])),
            reshape(layer, "channels_last", *lengths(shape)),
        ]
        lowering = chain(*steps, *affine) if affine else finished(layer, *steps)
    is_learned = gamma is None and beta is not None
    notes = (Note(LEARNS_SCALE, layer.name, NoteKind.TRAINING),) if is_learned else ()
    return Lowering(lowering.layers, lowering.outputs, notes)


def _normalizing(layer: Layer, axes: list[int]) -> dict[str, object]:
    """Return the fields of a LayerNormalization without weights."""
    epsilon = layer.config.get("epsilon", 1e-3)
    return {"axis": axes, "epsilon": epsilon, "center": False, "scale": False}


def _of_any_size(sketch: Sketch, layer: Layer, groups: int, affine: Sequence[Layer]) -> Lowering:
    """Normalize images of unknown height and width, whose shape no Reshape would bring back."""
    x = sketch.input()
    channels = sketch.shape(x)[3] or 0
    size = channels // groups
    if groups in (1, channels):
        axes = [1, 2] if groups == channels else [1, 2, 3]
        x = sketch.add("LayerNormalization", _normalizing(layer, axes), x)
    else:
        parts = []
        for first in range(0, channels, size):
            part = linear_map(sketch, x, 3, np.eye(channels, size, -first))
            parts.append(sketch.add("LayerNormalization", _normalizing(layer, [1, 2, 3]), part))
        x = sketch.add("Concatenate", {"axis": 3}, *parts)
    for item in affine:
        x = sketch.add(item.class_name, item.config, x, name=item.name, weights=item.weights)
    return sketch.done(x)
