"""A Dot of more axes multiplies two matrices.

Before: Dot {"axes": [2, 1]} on [null, 2, 4, 5] and [null, 4, 3]
After:  Dot {"axes": [2, 2]} on Permute and Reshape [10, 4] of x and Permute of y, Reshape [2, 5, 3]

tfjs takes rank 2 and 3 (layers/merge.ts, `Dot.build`). Keras keeps every axis but the two that are
multiplied, those of the first input first (keras/src/layers/merging/dot.py, `batch_dot`).
"""

from __future__ import annotations

from tfjs_serve.graph import Layer, Shape, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("Dot",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Join all axes that are kept, multiply, and part them again."""
    shapes = context.shapes
    if layer.class_name not in CLASSES or len(shapes) != 2 or layer.config.get("normalize"):
        return None
    one, other = shapes
    axes = layer.config.get("axes")
    axes = [axes, axes] if is_integer(axes) else axes
    if one is None or other is None or max(len(one), len(other)) <= 3:
        return None
    if not isinstance(axes, list | tuple) or len(axes) != 2 or not all(map(is_integer, axes)):
        return None
    places = [axis % len(shape) for axis, shape in zip(axes, (one, other), strict=True)]
    if 0 in places:
        return None
    sketch = Sketch(layer, context)
    factors = [
        _matrix(sketch, sketch.input(index), shape, place)
        for index, (shape, place) in enumerate(zip((one, other), places, strict=True))
    ]
    made = sketch.add("Dot", {"axes": [2, 2], "normalize": False}, *factors)
    kept = [
        length
        for shape, place in zip((one, other), places, strict=True)
        for axis, length in enumerate(shape)
        if axis not in (0, place)
    ]
    target = {"target_shape": lengths((None, *kept))}
    return sketch.done(sketch.add("Reshape", target, made, name=layer.name))


def _matrix(sketch: Sketch, x: TensorRef, shape: Shape, axis: int) -> TensorRef:
    """Return a tensor as a matrix [all other axes, axis]."""
    there, _ = axes_last(len(shape), [axis])
    if there != sorted(there):
        x = sketch.add("Permute", {"dims": there}, x)
    moved = [shape[item] for item in there]
    if len(shape) == 3:
        return x
    size = held((None, *moved[:-1]))
    target = lengths((None, None if size < 0 else size, moved[-1]))
    return sketch.add("Reshape", {"target_shape": target}, x)
