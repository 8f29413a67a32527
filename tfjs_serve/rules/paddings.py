"""Paddings and croppings of two axes are written out in full.

Before: ZeroPadding2D {"padding": 1}, Cropping2D {"cropping": [1, 2]}
After:  ZeroPadding2D {"padding": [[1, 1], [1, 1]]}, Cropping2D {"cropping": [[1, 1], [2, 2]]}
"""

from __future__ import annotations

from typing import Any

from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite, with_fields

FIELDS = {"ZeroPadding2D": "padding", "Cropping2D": "cropping"}


def rewrite(layer: Layer, context: Context) -> Rewrite | None:
    """Write the padding of each axis as a pair: before and after."""
    name = FIELDS.get(layer.class_name)
    if name is None or name not in layer.config:
        return None
    value = layer.config[name]
    axes = [value, value] if isinstance(value, int) else value
    pairs = [_pair(axis) for axis in axes] if isinstance(axes, list) else value
    return None if pairs == value else Rewrite(with_fields(layer, {name: pairs}))


def _pair(axis: Any) -> Any:
    return [axis, axis] if isinstance(axis, int) else axis
