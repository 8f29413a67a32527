"""An RNN around a cell becomes the layer of that cell; several cells become one layer each.

Before: RNN {"cell": LSTMCell {...}, "return_sequences": ...}; RNN {"cell": StackedRNNCells}
After:  LSTM {...}; LSTM {"return_sequences": true}, then GRU {...}

Keras runs cells that are stacked one after the other within a step, layers one after the other
over all steps: the numbers are the same. tfjs names their weights in its own way (layers/
recurrent.ts 2000) and cannot wrap such an RNN in a Bidirectional.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef, tensors
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite, not_supported

STATES = {"LSTMCell": 2}
"""How many states a cell has, if more than one."""

LAYERS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}

CLASSES = ("Bidirectional", "RNN")


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Replace an RNN by the layers that its cells belong to."""
    if layer.class_name not in CLASSES:
        return None
    if layer.class_name == "Bidirectional":
        return _both(layer)
    cell = layer.parts.get("cell")
    if cell is None:
        return None
    if cell.class_name in LAYERS:
        return Rewrite(_layer(layer, cell))
    if cell.class_name != "StackedRNNCells":
        return not_supported(layer, f"cell = {cell.class_name}")
    cells = tuple(cell.parts.values())
    for other in cells:
        if other.class_name not in LAYERS:
            return not_supported(layer, f"cell = {other.class_name}")
    return _chain(layer, cells)


def _both(layer: Layer) -> Rewrite | None:
    """Replace the RNNs inside a Bidirectional before rules look at what it holds."""
    parts = {name: _direction(part) for name, part in layer.parts.items()}
    return None if parts == layer.parts else Rewrite(replace(layer, parts=parts))


def _direction(part: Layer) -> Layer:
    cell = part.parts.get("cell")
    if part.class_name != "RNN" or cell is None or cell.class_name not in LAYERS:
        return part
    return _layer(part, cell)


def _layer(layer: Layer, cell: Layer) -> Layer:
    class_name = LAYERS[cell.class_name]
    config = {**cell.config, **layer.config}
    return replace(layer, class_name=class_name, config=config, weights=cell.weights, parts={})


def _chain(layer: Layer, cells: tuple[Layer, ...]) -> Lowering | Refusal:
    call = layer.calls[0]
    mask = call.kwargs.get("mask")
    first, *states = (*call.inputs, *tensors(call.kwargs.get("initial_state")))
    sizes = [STATES.get(cell.class_name, 1) for cell in cells]
    if len(states) not in (0, sum(sizes)):
        return not_supported(layer, f"{len(states)} initial states for {len(cells)} cells")
    if mask is not None and (states or layer.config.get("return_state")):
        return not_supported(layer, "states of stacked cells under a mask")
    if mask is not None and (layer.config.get("go_backwards") or _zeroes(layer)):
        return not_supported(layer, "stacked cells backwards, or with zeros, under a mask")
    kwargs = {name: value for name, value in call.kwargs.items() if name != "initial_state"}
    layers: list[Layer] = []
    last: list[TensorRef] = []
    x = first
    for index, cell in enumerate(cells):
        is_last = index == len(cells) - 1
        made = _layer(layer, cell)
        config = dict(made.config)
        if not is_last:
            config["return_sequences"] = True
        if index > 0:
            # What comes from the layer below is in the order it was worked through.
            config["go_backwards"] = False
        # Outputs of a layer named like this one are taken for those of this one.
        is_own = is_last and not config.get("return_state")
        name = layer.name if is_own else f"{layer.name}__{index + 1}"
        own, states = states[: sizes[index]], states[sizes[index] :]
        called = Call(((x, *own),) if own else (x,), kwargs)
        layers.append(replace(made, name=name, config=config, calls=(called,)))
        x = TensorRef(name)
        if config.get("return_state"):
            last += [TensorRef(name, 0, output + 1) for output in range(sizes[index])]
    return Lowering(tuple(layers), (x, *last))


def _zeroes(layer: Layer) -> bool:
    return bool(layer.config.get("zero_output_for_mask"))
