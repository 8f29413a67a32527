"""A ConvLSTM1D becomes a ConvLSTM2D on images one pixel high.

Before: ConvLSTM1D {"kernel_size": [k], ...} on [null, T, length, channels]
After:  Reshape to [T, 1, length, channels], ConvLSTM2D {"kernel_size": [1, k], ...}, Reshape back

tfjs has the two-dimensional layer only; a kernel one pixel high does not mix rows.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Call, Computed, Layer, TensorRef, Weight
from tfjs_serve.layers_format.catalog.shapes import conv_lengths
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported, with_fields

CLASSES = ("ConvLSTM1D",)

WINDOWS = ("kernel_size", "strides", "dilation_rate")


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Give a ConvLSTM1D a second axis of length 1."""
    if layer.class_name not in CLASSES:
        return None
    shape = context.shapes[0] if context.shapes else None
    config = layer.config
    if shape is None or len(shape) != 4 or None in shape[2:] or len(layer.calls[0].inputs) > 1:
        return not_supported(layer, f"input of shape {shape}, or initial states")
    if config.get("data_format") == "channels_first":
        return not_supported(layer, "data_format = 'channels_first'")
    size, stride, rate = (_width(config.get(field, 1)) for field in WINDOWS)
    padding = config.get("padding", "valid")
    (length,) = conv_lengths(shape[2:3], (size,), padding, (stride,), (rate,))
    steps, filters = -1 if shape[1] is None else shape[1], config["filters"]
    row = _reshape(layer, "images", (steps, 1, *shape[2:]), layer.calls[0].inputs[0])
    fields = {field: [1, _width(config.get(field, 1))] for field in WINDOWS}
    conv = with_fields(layer, {**fields, "data_format": "channels_last"})
    conv = replace(
        conv,
        name=f"{layer.name}__2d",
        class_name="ConvLSTM2D",
        calls=(Call((TensorRef(row.name),), layer.calls[0].kwargs),),
        weights=tuple(_raised(weight) for weight in layer.weights),
    )
    state = (length, filters)
    target = (steps, *state) if config.get("return_sequences") else state
    layers = [row, conv, _reshape(layer, "", target, TensorRef(conv.name))]
    outputs = [TensorRef(layer.name)]
    for index in (1, 2) if config.get("return_state") else ():
        made = _reshape(layer, f"state_{index}", state, TensorRef(conv.name, 0, index))
        layers.append(made)
        outputs.append(TensorRef(made.name))
    return Lowering(tuple(layers), tuple(outputs))


def _width(value: object) -> int:
    found = value[0] if isinstance(value, list | tuple) else value
    return found if isinstance(found, int) else 1


def _reshape(layer: Layer, what: str, target: tuple[int | None, ...], ref: TensorRef) -> Layer:
    name = f"{layer.name}__{what}" if what else layer.name
    return Layer(name, "Reshape", {"target_shape": target}, (Call((ref,)),))


def _raised(weight: Weight) -> Weight:
    """Return a kernel with a leading axis of length 1; a bias as it is."""
    if weight.name == "bias":
        return weight
    shape = (1, *weight.shape)

    def compute(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return values.reshape(shape)

    return Weight(weight.name, Computed(shape, (weight.values,), compute, ("conv_lstm1d",)))
