"""A maximum or minimum of Keras 3 leaves out what masks leave out.

Before: Maximum (x, y) with masks (m, n)
After:  a = y where n, else x;  b = x where m, else a;  Maximum (b, a)

Inputs are taken one after the other: what a mask leaves out stands back for the other operand, and
what was taken so far has a mask as long as all of its inputs have one (keras/src/layers/merging/
base_merge.py, `_apply_merge_op_and_or_mask`). A choice is x * m + y * (1 - m), which is exact.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering.attention_masks import reshaped
from tfjs_serve.lowering.operands import known_shape
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("Maximum", "Minimum")


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Compare what the masks let through."""
    call = layer.calls[0]
    masks = call.kwargs.get("masks")
    if layer.class_name not in CLASSES or not isinstance(masks, tuple):
        return None
    shapes = [known_shape(shape) for shape in context.shapes]
    if any(len(shape) != 3 for shape in shapes):
        return not_supported(layer, "masks on input of other rank than 3")
    lengths = {m: x[:2] for m, x in zip(masks, shapes, strict=True) if isinstance(m, TensorRef)}
    # A rule knows the shapes of inputs only.
    told = replace(layer, calls=(Call(((*call.inputs, *lengths),)),))
    sketch = Sketch(told, replace(context, shapes=(*shapes, *lengths.values())))
    steps = [_steps(sketch, mask) if isinstance(mask, TensorRef) else None for mask in masks]
    made, seen = call.inputs[0], steps[0]
    for place, (x, own) in enumerate(zip(call.inputs[1:], steps[1:], strict=True)):
        if own is not None:
            x = _chosen(sketch, own, x, made)
        if seen is not None:
            made = _chosen(sketch, seen, made, x)
        seen = None if seen is None or own is None else sketch.add("Maximum", {}, seen, own)
        is_last = place == len(call.inputs) - 2
        made = sketch.add(layer.class_name, {}, made, x, name=layer.name if is_last else None)
    return sketch.done(made)


def _steps(sketch: Sketch, mask: TensorRef) -> TensorRef:
    return reshaped(sketch, mask, (sketch.shape(mask)[1], 1))


def _chosen(sketch: Sketch, mask: TensorRef, x: TensorRef, other: TensorRef) -> TensorRef:
    """Return x where a mask is 1 and the other tensor where it is 0."""
    rest = sketch.add("Rescaling", {"scale": -1.0, "offset": 1.0}, mask)
    kept = sketch.add("Multiply", {}, x, mask)
    return sketch.add("Add", {}, kept, sketch.add("Multiply", {}, other, rest))
