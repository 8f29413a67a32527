"""A GRU that resets after the matrix product is unrolled, or left to the companion module.

Before: GRU {"units": u, "reset_after": true, ...} on [null, T, f]
After:  up to `--gru-unroll` steps (24), a model of the same name: Cropping2D and Reshape cut each
        step out of the sequence, z and r are Dense of [x, h], the candidate is
        tanh(Dense(x) + r * Dense(h)), and the new state z * h + (1 - z) * candidate; the same four
        Dense layers serve all steps
After:  over more or any number of steps, or where sequences of different lengths share it,
        TfjsServeGRU {"units": u, ...} of the companion module, which is called on the sequence,
        the state and the mask

tfjs has only the GRU that resets before it (layers/recurrent.ts 1339 refuses `resetAfter`); the
formula is that of keras/src/layers/rnn/gru.py. A Bidirectional becomes one of them for each
direction, then the layer that merges the two. docs/decisions/0006-gru.md says why 24.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from tfjs_serve.graph import Call, Layer, Shape, TensorRef, tensors
from tfjs_serve.lowering.looped import looped
from tfjs_serve.lowering.unroll import Way, unrolled
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, refuse

MERGERS = {"sum": "Add", "mul": "Multiply", "ave": "Average", "concat": "Concatenate"}

CLASSES = ("GRU", "Bidirectional")


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Lower a GRU with reset_after, alone or in both directions of a Bidirectional."""
    directions = gated_parts(layer)
    if not directions:
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None or len(shape) != 3 or shape[2] is None:
        return not_supported(layer, f"reset_after = True on input of shape {shape}")
    if shape[1] == 0:
        return refuse(layer, "works on 0 steps", "give its input at least one")
    if any(part.config.get("stateful") for part in directions):
        why = "not supported yet: stateful = True beside reset_after = True"
        return refuse(layer, why, _STATELESS)
    if not all(_has_weights(part) for part in directions):
        return refuse(layer, "its weights are not in the file")
    given = _Given.of(layer.calls[0])
    obstacle = _obstacle(given, shape, context)
    if obstacle is not None and not context.options.companion:
        return refuse(layer, f"not supported yet: {obstacle}", _REMEDY)
    made = _made(layer, given, None if obstacle else shape)
    return made if obstacle else replace(made, notes=(Note(_NOTE, layer.name, NoteKind.TRAINING),))


@dataclass(frozen=True, slots=True)
class _Given:
    """The tensors a recurrent layer is called on."""

    x: TensorRef
    states: tuple[TensorRef, ...]
    mask: TensorRef | None

    @classmethod
    def of(cls, call: Call) -> _Given:
        """Return the inputs of a call; Keras 3 names the states of a Bidirectional."""
        x, *states = call.inputs
        named = tensors(call.kwargs.get("initial_state"))
        return cls(x, (*states, *named), next(tensors(call.kwargs.get("mask")), None))


def _obstacle(given: _Given, shape: Shape, context: Context) -> str | None:
    """Return why the steps cannot be laid out one by one."""
    most = context.options.gru_unroll
    if context.is_uneven:
        return "reset_after = True over sequences of different lengths"
    if shape[1] is None or shape[1] > most:
        steps = "any number of" if shape[1] is None else shape[1]
        return f"reset_after = True over {steps} steps (at most {most})"
    return "initial states under a mask" if given.mask is not None and given.states else None


def gated_parts(layer: Layer) -> tuple[Layer, ...]:
    """Return the parts of a GRU with reset_after, forward first; none for any other layer."""
    parts: tuple[Layer, ...] = (layer,)
    if layer.class_name not in CLASSES:
        return ()
    if {"layer", "backward_layer"} <= layer.parts.keys():
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


def _made(layer: Layer, given: _Given, shape: Shape | None) -> Lowering:
    """Return the lowering: unrolled over input of `shape`, by the companion module without one."""

    def one_way(part: Layer, name: str, states: tuple[TensorRef, ...], way: Way) -> Layer:
        inputs = (given.x, *states)
        if shape is None:
            return looped(part, name, inputs, given.mask, way)
        return unrolled(part, name, shape, inputs, given.mask, way)

    return _both(layer, given.states, one_way) if layer.parts else _single(layer, given, one_way)


_OneWay = Callable[[Layer, str, tuple[TensorRef, ...], Way], Layer]
"""Takes the GRU, the name of what stands for it, the initial states and the way it runs."""


def _single(layer: Layer, given: _Given, one_way: _OneWay) -> Lowering:
    way = Way(
        bool(layer.config.get("go_backwards")),
        is_zeroed=bool(layer.config.get("zero_output_for_mask")),
    )
    made = one_way(layer, layer.name, given.states, way)
    count = 2 if layer.config.get("return_state") else 1
    return Lowering((made,), tuple(TensorRef(layer.name, 0, i) for i in range(count)))


def _both(layer: Layer, states: tuple[TensorRef, ...], one_way: _OneWay) -> Lowering:
    """Lower both directions and merge them (keras/src/layers/rnn/bidirectional.py)."""
    trainable = layer.config.get("trainable", True)
    first, second = gated_parts(layer)
    is_sequence = bool(first.config.get("return_sequences"))
    halves: list[Layer] = []
    for index, part in enumerate((first, second)):
        # Keras 2 may hold one part for both ways: the second one runs the other way.
        is_reversed = bool(first.config.get("go_backwards")) != bool(index)
        way = Way(is_reversed, is_turned=bool(index), is_zeroed=is_sequence)
        own = replace(part, config={**part.config, "trainable": trainable})
        name = f"{layer.name}__{('forward', 'backward')[index]}"
        halves.append(one_way(own, name, states[index : index + 1], way))
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

_REMEDY = "allow the companion module (companion = true), which computes any number of steps"

_STATELESS = "build the model with stateful=False, load the weights into it and save that"
