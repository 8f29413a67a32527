"""A TimeDistributed hands a mask on by numbers that no data has.

Before: TimeDistributed {"layer": LSTM} (x, mask=m), m [batch, T, steps]
After:  TimeDistributed {"layer": LSTM} (Add (Multiply (x, m), Rescaling {-s, s} (m)))

Both Kerases give the layer inside the part of the mask that belongs to its step (keras/src/layers/
rnn/time_distributed.py, `call`). The layer inside has a Masking before it, which finds the steps
that are left out by the number s they hold everywhere (masked_recurrent).
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Config, Layer, TensorRef, tensors
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, refuse
from tfjs_serve.rules.masked_recurrent import CELLS, SENTINEL, has_zeros, obstacle

CLASSES = ("TimeDistributed",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Mark the steps that a mask leaves out in the input of a TimeDistributed."""
    mask = next(tensors(layer.calls[0].kwargs.get("mask")), None)
    if layer.class_name not in CLASSES or mask is None:
        return None
    part = layer.parts["layer"]
    inner = part.parts.get("layer", part)
    why = _obstacle(part, inner, context)
    if why is not None:
        return refuse(layer, f"not supported yet: called with a mask, {why}", _REMEDY)
    shape = context.shapes[0] if context.shapes else None
    if shape is None or len(shape) != 4 or shape[2] is None:
        return refuse(layer, f"not supported yet: called with a mask on {shape}", _REMEDY)
    x, *_ = layer.calls[0].inputs
    steps = -1 if shape[1] is None else shape[1]
    trainable = {"trainable": layer.config.get("trainable", True)}

    def add(what: str, class_name: str, config: Config, *inputs: TensorRef) -> Layer:
        call = Call(inputs if len(inputs) == 1 else (inputs,))
        return Layer(f"{layer.name}__{what}", class_name, {**trainable, **config}, (call,))

    target = {"target_shape": (steps, shape[2], 1)}
    counted = add("steps", "Reshape", target, mask)
    kept = add("kept", "Multiply", {}, x, TensorRef(counted.name))
    sentinels = {"scale": -SENTINEL, "offset": SENTINEL}
    rest = add("left_out", "Rescaling", sentinels, TensorRef(counted.name))
    marked = add("marked", "Add", {}, TensorRef(kept.name), TensorRef(rest.name))
    each = replace(layer, calls=(Call((TensorRef(marked.name),)),))
    made, layers = TensorRef(each.name), (counted, kept, rest, marked, each)
    if not has_zeros(part, inner):
        return Lowering(layers, (made,))
    held = add("held", "Multiply", {}, made, TensorRef(counted.name))
    return Lowering((*layers, held), (TensorRef(held.name),))


def _obstacle(part: Layer, inner: Layer, context: Context) -> str | None:
    """Return what of the layer inside has no translation under a mask."""
    if inner.class_name not in CELLS:
        return f"around {inner.class_name}"
    if inner.config.get("reset_after"):
        return "around a GRU with reset_after = True"
    if context.generation < 3 and context.shapes and (context.shapes[0] or (None,))[0] is not None:
        # There it runs as a recurrent layer does (`batch_size` in its `call`).
        return "in a model of a fixed batch size"
    return obstacle(part, inner)


_REMEDY = "leave out the mask (mask_zero=False, no Masking) where its steps do not matter"
