"""A LayerNormalization of too high a rank has its axes joined.

Before: LayerNormalization {"axis": [4]} on [null, 2, 3, 4, 5]
After:  Reshape [24, 5], LayerNormalization {"axis": 2}, Reshape [2, 3, 4, 5]

tfjs takes rank 2 to 4 (layers/normalization.ts, `batchNormalization`).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, finished, permute, reshape, reshaped_weight
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("LayerNormalization",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Join the normalized axes to one, and all others to another."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or shape is None or len(shape) <= 4:
        return None
    found = layer.config.get("axis", -1)
    axes = list(found) if isinstance(found, list | tuple) else [found]
    if not all(map(is_integer, axes)):
        return None
    # Keras reshapes gamma and beta to the axes in ascending order, and never transposes them
    # (keras/src/layers/normalization/layer_normalization.py of 2.15, `_broadcast`).
    axes = sorted(axis % len(shape) for axis in axes)
    if not axes or len({0, *axes}) <= len(axes):
        raise ShapeError(f"cannot normalize axes {found} of input {shape}")
    there, back = axes_last(len(shape), axes)
    moved = (shape[0], *(shape[axis] for axis in there))
    kept = len(shape) - len(axes)
    size = held((None, *moved[kept:]))
    if size < 0:
        raise ShapeError(f"needs a known length of every normalized axis, got {shape}")
    weights = [reshaped_weight(weight, weight.name, (size,)) for weight in layer.weights]
    inner = with_fields(layer, {"axis": 2})
    inner = Layer(layer.name, layer.class_name, inner.config, weights=tuple(weights))
    steps = [
        reshape(layer, "join", *lengths((None, held(moved[:kept]) or 1, size))),
        inner,
        reshape(layer, "part", *lengths(moved)),
    ]
    if there != sorted(there):
        steps = [permute(layer, "there", *there), *steps, permute(layer, "back", *back)]
    return chain(*steps) if layer.weights else finished(layer, *_unnamed(layer, steps))


def _unnamed(layer: Layer, steps: list[Layer]) -> list[Layer]:
    """Return the steps with a name for the one that has no weights to be named by."""
    return [
        Layer(f"{layer.name}__normalize", step.class_name, step.config)
        if step.name == layer.name
        else step
        for step in steps
    ]
