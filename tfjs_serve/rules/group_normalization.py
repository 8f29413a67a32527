"""A GroupNormalization becomes a LayerNormalization of groups and a scale for each channel.

Before: GroupNormalization {"groups": 2} on [null, 4, 4, 6]
After:  Reshape [16, 2, 3], LayerNormalization {"axis": [1, 3]}, Reshape [4, 4, 6], DepthwiseConv2D

tfjs has no GroupNormalization. The weights gamma and beta become kernel and bias of a depthwise
convolution of 1 by 1, which train alike.
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, finished, permute, reshape, step, values_of
from tfjs_serve.lowering.toolbox import axes_last, channel_affine, held, lengths
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

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
    positions = held(shape[:-1])
    if channels is None or positions < 0:
        raise ShapeError(f"needs a known length of every axis, got {shape}")
    groups = channels if groups == -1 else groups
    config = {
        "axis": [1, 3],
        "epsilon": layer.config.get("epsilon", 1e-3),
        "center": False,
        "scale": False,
    }
    steps = [
        reshape(layer, "groups", positions, groups, channels // groups),
        step(layer, "normalize", "LayerNormalization", config),
        reshape(layer, "channels_last", *lengths(shape)),
    ]
    gamma, beta = values_of(layer, "gamma"), values_of(layer, "beta")
    if (gamma is not None, beta is not None) != (
        layer.config.get("scale", True),
        layer.config.get("center", True),
    ):
        return None
    if gamma is None and beta is None:
        return finished(layer, *steps)
    lowering = chain(*steps, *channel_affine(layer, shape, gamma, beta))
    notes = (Note(LEARNS_SCALE, layer.name, NoteKind.TRAINING),) if gamma is None else ()
    return Lowering(lowering.layers, lowering.outputs, notes)
