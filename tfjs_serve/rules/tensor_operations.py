"""Arithmetic with two tensors becomes a merging layer.

Before: keras.ops.Add (x, y), keras.ops.Maximum (x, y), keras.ops.AddN ([x, y, z])
After:  Add ([x, y]),         Maximum ([x, y]),         Add ([x, y, z])

Operations align axes from the last one, merging layers from the batch axis: only tensors of the
same rank mean the same in both. A tensor with itself gets a copy, since tfjs disposes of one that
comes twice (engine/executor.ts 327).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.operands import operands, operation
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite, not_supported
from tfjs_serve.rewriting.sketch import Sketch

MERGING = {
    "Add": "Add",
    "AddN": "Add",
    "Maximum": "Maximum",
    "Minimum": "Minimum",
    "Multiply": "Multiply",
    "Subtract": "Subtract",
}


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Replace an operation on tensors by the layer of tfjs that does the same."""
    class_name, args = MERGING.get(operation(layer) or ""), operands(layer)
    if args is not None and len(args) == 1 and isinstance(args[0], tuple):
        args = args[0]
    if class_name is None or not args:
        return None
    refs = tuple(arg for arg in args if isinstance(arg, TensorRef))
    if len(refs) < len(args):
        return None
    ranks = {None if shape is None else len(shape) for shape in context.shapes}
    if len(ranks) > 1 and None not in ranks:
        return not_supported(layer, f"tensors of shapes {', '.join(map(str, context.shapes))}")
    if len(refs) == 2 and refs[0] == refs[1]:
        return _with_itself(layer, class_name, context)
    inputs = refs[0] if len(refs) == 1 else refs
    return Rewrite(replace(layer, class_name=class_name, config={}, calls=(Call((inputs,)),)))


def _with_itself(layer: Layer, class_name: str, context: Context) -> Lowering:
    sketch = Sketch(layer, context)
    x = sketch.input()
    if class_name in ("Maximum", "Minimum"):
        return sketch.done(tensor_parts.activated(sketch, x, "linear", layer.name))
    if class_name in ("Add", "Subtract"):
        scale = 2.0 if class_name == "Add" else 0.0
        return sketch.done(tensor_parts.scaled(sketch, x, scale, name=layer.name))
    copy = tensor_parts.activated(sketch, x, "linear")
    return sketch.done(sketch.add("Multiply", {}, x, copy, name=layer.name))
