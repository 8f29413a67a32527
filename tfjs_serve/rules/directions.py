"""A Bidirectional whose directions tfjs cannot build from one layer becomes two layers.

Before: Bidirectional {"layer": LSTM {"units": 2}, "backward_layer": GRU {"units": 3}} (x)
After:  Concatenate (LSTM (x), GRU {"go_backwards": true} (x)), for sequences with the second one
        turned round again by a frozen Dense over time

tfjs makes both directions from `layer` alone (layers/wrappers.ts 263-275), wraps no ConvLSTM2D,
whose input is turned round instead, no ConvLSTM3D and no stacked cells, and its `call` reads
initial states from arguments that the executor never passes. Sequences must have a known length.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from tfjs_serve.graph import OPERATION_PREFIX, Call, Layer, Shape, TensorRef, Value, tensors
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, with_fields
from tfjs_serve.rules.bidirectional import is_mirror

CLASSES = ("Bidirectional",)

MERGERS = {"sum": "Add", "mul": "Multiply", "ave": "Average", "concat": "Concatenate"}

TURNED = ("ConvLSTM1D", "ConvLSTM2D")
"""Layers that tfjs cannot run backwards."""

APART = (*TURNED, "ConvLSTM3D")
"""Layers that tfjs cannot wrap; that of three axes is one of the companion module."""

STATES = {"LSTM": 2, "LSTMCell": 2, "GRU": 1, "GRUCell": 1, "SimpleRNN": 1, "SimpleRNNCell": 1}


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Call the layers of both directions one by one and merge what they make."""
    if layer.class_name not in CLASSES or not {"layer", "backward_layer"} <= layer.parts.keys():
        return None
    forward, backward = layer.parts["layer"], layer.parts["backward_layer"]
    is_native = not _is_stacked(forward) and forward.class_name not in APART
    if is_native and is_mirror(forward, backward) and not _has_states(layer):
        return None
    shape = context.shapes[0] if context.shapes else None
    if shape is None:
        return None
    for part in (forward, backward):
        if part.class_name not in (*APART, *STATES, "RNN"):
            return not_supported(layer, f"layer = {part.class_name}")
    if forward is not backward and forward.config.get("go_backwards"):
        return not_supported(layer, "a forward layer with go_backwards = True")
    sequences = [bool(part.config.get("return_sequences")) for part in (forward, backward)]
    if sequences[0] != sequences[1]:
        return not_supported(layer, "return_sequences that differs between the directions")
    if sequences[0] and backward.class_name == "ConvLSTM3D":
        # No layer of tfjs moves the axes of a tensor of rank 6.
        return not_supported(layer, "sequences of ConvLSTM3D; return_sequences = False converts")
    return _Apart(layer, forward, backward, shape).lowering(is_sequence=sequences[0])


def _has_states(layer: Layer) -> bool:
    (call,) = layer.calls
    return len(call.inputs) > 1 or any(tensors(call.kwargs.get("initial_state")))


def _is_stacked(part: Layer) -> bool:
    return any(inner.class_name == "StackedRNNCells" for inner in part.parts.values())


@dataclass(slots=True)
class _Apart:
    """The layers of a Bidirectional, one after the other."""

    layer: Layer
    forward: Layer
    backward: Layer
    shape: Shape

    def lowering(self, *, is_sequence: bool) -> Lowering:
        """Return the layers and what they make."""
        call = self.layer.calls[0]
        x, *states = (*call.inputs, *tensors(call.kwargs.get("initial_state")))
        mask = next(tensors(call.kwargs.get("mask")), None)
        kwargs = {name: call.kwargs[name] for name in ("mask",) if name in call.kwargs}
        half = len(states) // 2
        layers: list[Layer] = []

        def add(what: str, class_name: str, config: Mapping[str, Any], *args: Value) -> TensorRef:
            name = f"{self.layer.name}__{what}" if what else self.layer.name
            layers.append(Layer(name, class_name, config, (Call(args),)))
            return TensorRef(name)

        def way(part: Layer, what: str, source: TensorRef, own: list[TensorRef]) -> TensorRef:
            name = f"{self.layer.name}__{what}"
            args = (source,) if not own else ((source, *own),)
            config = {**part.config, "zero_output_for_mask": False}
            if not self.layer.config.get("trainable", True):
                config["trainable"] = False
            layers.append(replace(part, name=name, config=config, calls=(Call(args, kwargs),)))
            return TensorRef(name)

        def turned(what: str, source: TensorRef) -> TensorRef:
            return add(what, f"{OPERATION_PREFIX}Flip", {"axis": 1}, source)

        is_turned = self.backward.class_name in TURNED
        if is_turned and mask is not None:
            raise ShapeError(f"cannot mask a {self.backward.class_name} that runs backwards")
        last = with_fields(self.backward, {"go_backwards": not is_turned})
        one = way(self.forward, "forward", x, states[:half])
        other = way(last, "backward", turned("turned", x) if is_turned else x, states[half:])
        made = [one, turned("in_order", other) if is_sequence else other]
        mode = self.layer.config.get("merge_mode", "concat")
        if mode is not None:
            config = {"axis": -1} if mode == "concat" else {}
            what = "merged" if mask is not None and is_sequence else ""
            made = [add(what, MERGERS[mode], config, tuple(made))]
        if mask is not None and is_sequence:
            # Keras has both directions return zeros where the mask leaves a step out.
            ones = {"target_shape": (self.shape[1] or -1, 1)}
            steps = add("steps", "Reshape", ones, mask)
            made = [add(f"held_{i}", "Multiply", {}, (ref, steps)) for i, ref in enumerate(made)]
        for part, ref in ((self.forward, one), (self.backward, other)):
            if part.config.get("return_state"):
                made += [replace(ref, output=index + 1) for index in range(_states(part))]
        return Lowering(tuple(layers), tuple(made))


def _states(part: Layer) -> int:
    if part.class_name in APART:
        return 2
    if part.class_name != "RNN":
        return STATES[part.class_name]
    (cell,) = part.parts.values()
    cells = [cell] if cell.class_name in STATES else list(cell.parts.values())
    return sum(STATES.get(item.class_name, 0) for item in cells)
