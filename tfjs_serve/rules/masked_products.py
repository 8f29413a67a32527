"""A product of Keras 3 leaves out the factors that masks leave out.

Before: Multiply (x, y) with masks (m, n)
After:  Multiply (x * m + 1 - m, y * n + 1 - n, Maximum (m, n))

A step that its mask leaves out counts as 1, and the product is 0 where all masks do so; a factor
without a mask takes part everywhere (keras/src/layers/merging/multiply.py). Keras 2 and tfjs
multiply whatever there is.
"""

from __future__ import annotations

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

CLASSES = ("Multiply",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Multiply what the masks let through."""
    call = layer.calls[0]
    masks = call.kwargs.get("masks")
    if layer.class_name not in CLASSES or not isinstance(masks, tuple):
        return None
    shapes = [shape for shape in context.shapes if shape is not None and len(shape) == 3]
    if len(shapes) < len(call.inputs):
        return not_supported(layer, "masks on input of other rank than 3")
    layers: list[Layer] = []

    def add(what: str, class_name: str, config: dict[str, object], *refs: TensorRef) -> TensorRef:
        name = f"{layer.name}__{what}" if what else layer.name
        inputs = (refs[0],) if len(refs) == 1 else (refs,)
        layers.append(Layer(name, class_name, config, (Call(inputs),)))
        return TensorRef(name)

    steps: dict[TensorRef, TensorRef] = {}
    factors: list[TensorRef] = []
    for index, (x, mask) in enumerate(zip(call.inputs, masks, strict=True)):
        if not isinstance(mask, TensorRef):
            factors.append(x)
            continue
        if mask not in steps:
            length = -1 if shapes[index][1] is None else shapes[index][1]
            steps[mask] = add(f"steps_{index}", "Reshape", {"target_shape": (length, 1)}, mask)
        kept = add(f"kept_{index}", "Multiply", {}, x, steps[mask])
        rest = add(f"ones_{index}", "Rescaling", {"scale": -1.0, "offset": 1.0}, steps[mask])
        factors.append(add(f"factor_{index}", "Add", {}, kept, rest))
    if None not in masks:
        several = tuple(steps.values())
        factors.append(several[0] if len(several) == 1 else add("any", "Maximum", {}, *several))
    add("", "Multiply", {}, *factors)
    return Lowering(tuple(layers), (TensorRef(layer.name),))
