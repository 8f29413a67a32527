"""A GRU that resets after the matrix product is unrolled, step by step.

Before: GRU {"units": u, "reset_after": true, ...} on [null, T, f]
After:  a model of the same name: Cropping2D and Reshape cut each step out of the sequence, z and r
        are Dense of [x, h], the candidate is tanh(Dense(x) + r * Dense(h)), and the new state
        z * h + (1 - z) * candidate; the same four Dense layers serve all steps

tfjs has only the GRU that resets before it (layers/recurrent.ts 1339 refuses `resetAfter`); the
formula is that of keras/src/layers/rnn/gru.py. A Bidirectional becomes one model for each
direction. More steps than `--gru-unroll` (24), or a number that is not known, are refused.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.artifacts import Note
from tfjs_serve.graph import Call, Layer, Shape, TensorRef, tensors
from tfjs_serve.lowering.unroll import Way, unrolled
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse

MERGERS = {"sum": "Add", "mul": "Multiply", "ave": "Average", "concat": "Concatenate"}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Unroll a GRU with reset_after, alone or in both directions of a Bidirectional."""
    directions = _directions(layer)
    if not directions:
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None or len(shape) != 3 or shape[2] is None:
        return not_supported(layer, f"reset_after = True on input of shape {shape}")
    most = context.options.gru_unroll
    if shape[1] is None or shape[1] > most:
        # The companion module takes over here: it computes any number of steps.
        steps = "any number of" if shape[1] is None else shape[1]
        return not_supported(layer, f"reset_after = True over {steps} steps (at most {most})")
    if any(part.config.get("stateful") for part in directions):
        return not_supported(layer, "stateful = True")
    if not all(_has_weights(part) for part in directions):
        return refuse(layer, "its weights are not in the file")
    if _mask(layer.calls[0]) is not None and len(layer.calls[0].inputs) > 1:
        return not_supported(layer, "initial states under a mask")
    lowering = _both(layer, shape) if layer.parts else _single(layer, shape)
    return replace(lowering, notes=(Note(_NOTE, layer.name),))


def _directions(layer: Layer) -> tuple[Layer, ...]:
    """Return the layers to unroll, forward first; none where the rule does not apply."""
    parts: tuple[Layer, ...] = (layer,)
    if layer.class_name == "Bidirectional" and {"layer", "backward_layer"} <= layer.parts.keys():
        parts = (layer.parts["layer"], layer.parts["backward_layer"])
    is_meant = all(part.class_name == "GRU" and part.config.get("reset_after") for part in parts)
    return parts if is_meant else ()


def _has_weights(part: Layer) -> bool:
    needed = {
        "kernel",
        "recurrent_kernel",
        *(["bias"] if part.config.get("use_bias", True) else []),
    }
    return {weight.name for weight in part.weights} == needed


def _mask(call: Call) -> TensorRef | None:
    return next(tensors(call.kwargs.get("mask")), None)


def _single(layer: Layer, shape: Shape) -> Lowering:
    call = layer.calls[0]
    way = Way(
        bool(layer.config.get("go_backwards")),
        is_zeroed=bool(layer.config.get("zero_output_for_mask")),
    )
    model = unrolled(layer, layer.name, shape, call.inputs, _mask(call), way)
    count = 2 if layer.config.get("return_state") else 1
    return Lowering((model,), tuple(TensorRef(layer.name, 0, i) for i in range(count)))


def _both(layer: Layer, shape: Shape) -> Lowering:
    """Unroll both directions and merge them (keras/src/layers/rnn/bidirectional.py)."""
    call, trainable = layer.calls[0], layer.config.get("trainable", True)
    x, *states = call.inputs
    first, second = _directions(layer)
    is_sequence = bool(first.config.get("return_sequences"))
    halves: list[Layer] = []
    for index, part in enumerate((first, second)):
        # Keras 2 may hold one part for both ways: the second one runs the other way.
        is_reversed = bool(first.config.get("go_backwards")) != bool(index)
        way = Way(is_reversed, is_turned=bool(index), is_zeroed=is_sequence)
        own = replace(part, config={**part.config, "trainable": trainable})
        name = f"{layer.name}__{('forward', 'backward')[index]}"
        given = (x, *states[index : index + 1])
        halves.append(unrolled(own, name, shape, given, _mask(call), way))
    outputs = tuple(TensorRef(half.name) for half in halves)
    ends = tuple(TensorRef(half.name, 0, 1) for half in halves)
    layers = tuple(halves)
    mode = layer.config.get("merge_mode", "concat")
    if mode is not None:
        config = {"axis": -1} if mode == "concat" else {}
        merged = Layer(layer.name, MERGERS[mode], config, (Call((outputs,)),))
        layers, outputs = (*layers, merged), (TensorRef(layer.name),)
    return Lowering(layers, (*outputs, *(ends if first.config.get("return_state") else ())))


_NOTE = (
    "its steps are laid out one by one, with its weights in four Dense layers: the numbers are "
    "the same, but further training is without its dropout and with one bias for each gate"
)
