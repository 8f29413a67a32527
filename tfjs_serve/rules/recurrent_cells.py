"""An RNN around a cell becomes the layer of that cell; several cells become one layer each.

Before: RNN {"cell": LSTMCell {...}, "return_sequences": ...}; RNN {"cell": StackedRNNCells}
After:  LSTM {...}; LSTM {"return_sequences": true}, then GRU {...}

Keras runs cells that are stacked one after the other within a step, layers one after the other
over all steps: the numbers are the same. tfjs names their weights in its own way (layers/
recurrent.ts 2000) and cannot wrap such an RNN in a Bidirectional.
"""

from __future__ import annotations

from dataclasses import replace

from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, Rewrite, not_supported

LAYERS = {"LSTMCell": "LSTM", "GRUCell": "GRU", "SimpleRNNCell": "SimpleRNN"}


def rewrite(layer: Layer, context: Context) -> Rewrite | Lowering | Refusal | None:
    """Replace an RNN by the layers that its cells belong to."""
    cell = layer.parts.get("cell")
    if layer.class_name != "RNN" or cell is None:
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


def _layer(layer: Layer, cell: Layer) -> Layer:
    class_name = LAYERS[cell.class_name]
    config = {**cell.config, **layer.config}
    return replace(layer, class_name=class_name, config=config, weights=cell.weights, parts={})


def _chain(layer: Layer, cells: tuple[Layer, ...]) -> Lowering | Refusal:
    call = layer.calls[0]
    mask = call.kwargs.get("mask")
    if layer.config.get("return_state") or len(call.inputs) > 1 or "initial_state" in call.kwargs:
        return not_supported(layer, "states of stacked cells")
    if mask is not None and (layer.config.get("go_backwards") or _zeroes(layer)):
        return not_supported(layer, "stacked cells backwards, or with zeros, under a mask")
    layers: list[Layer] = []
    x = call.inputs[0]
    for index, cell in enumerate(cells):
        is_last = index == len(cells) - 1
        made = _layer(layer, cell)
        config = dict(made.config)
        if not is_last:
            config["return_sequences"] = True
        if index > 0:
            # What comes from the layer below is in the order it was worked through.
            config["go_backwards"] = False
        name = layer.name if is_last else f"{layer.name}__{index + 1}"
        kwargs = call.kwargs
        layers.append(replace(made, name=name, config=config, calls=(Call((x,), kwargs),)))
        x = TensorRef(name)
    return Lowering(tuple(layers), (x,))


def _zeroes(layer: Layer) -> bool:
    return bool(layer.config.get("zero_output_for_mask"))
