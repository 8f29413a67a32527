"""A PReLU that shares its slope along other axes than the first gets them to the front.

Before: PReLU {"shared_axes": [2, 3]} on [null, 6, 5, 4] with the weight alpha [6, 1, 1]
After:  Permute [2, 3, 1], PReLU {"shared_axes": [1, 2]} with alpha [1, 1, 6], Permute [3, 1, 2]

The wasm backend of tfjs repeats alpha along the leading axes and knows no other broadcast.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.chains import chain, permute, reshaped_weight, values_of
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields

CLASSES = ("PReLU",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Move the axes that share a slope to the front, and back."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    alpha = values_of(layer, "alpha")
    found = layer.config.get("shared_axes") or ()
    if layer.class_name not in CLASSES or shape is None or alpha is None:
        return None
    if not isinstance(found, list | tuple) or not all(map(is_integer, found)):
        return None
    shared = sorted({axis % len(shape) for axis in found})
    first = list(range(1, len(shared) + 1))
    if 0 in shared or shared == first or len(alpha.shape) != len(shape) - 1:
        return None
    there = [*shared, *(axis for axis in range(1, len(shape)) if axis not in shared)]
    back = [there.index(axis) + 1 for axis in range(1, len(shape))]
    # Shared axes are of length 1, so moving them leaves the values in their order.
    moved = tuple(alpha.shape[axis - 1] for axis in there)
    inner = with_fields(layer, {"shared_axes": first})
    weights = tuple(reshaped_weight(weight, weight.name, moved) for weight in layer.weights)
    inner = replace(inner, calls=(), weights=weights)
    return chain(permute(layer, "there", *there), inner, permute(layer, "back", *back))
