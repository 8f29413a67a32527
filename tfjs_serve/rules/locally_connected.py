"""A locally connected layer becomes a Dense on the whole input.

Before: LocallyConnected1D {"filters": 3, "kernel_size": [2]} on [null, 6, 2]
After:  Flatten, Dense {"units": 15} with zeros where an output does not see an input, Reshape

tfjs has neither class. The kernel grows to all pairs of inputs and outputs, so that images must be
small; further training fills the zeros, which is said in a warning. Keras 2 stores the kernel by
place (implementation 1), for all pairs (2), or for pairs that see each other (3)
(layers/locally_connected).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Values, Weight
from tfjs_serve.layers_format.catalog.shapes import conv_length, per_axis
from tfjs_serve.lowering.chains import chain, reshape, step, values_of
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, not_supported

AXES = {"LocallyConnected1D": 1, "LocallyConnected2D": 2}

MOST_VALUES = 4_000_000
"""Values of a kernel beyond which a model is refused: 16 MB."""

WARNING = "is one Dense over the whole input: further training also trains what Keras leaves out"

KEPT = ("kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer")

Array = npt.NDArray[Any]


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Write the layer as a product with a matrix."""
    axes = AXES.get(layer.class_name)
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    kernel, bias = values_of(layer, "kernel"), values_of(layer, "bias")
    if axes is None or shape is None or kernel is None:
        return None
    config = {"strides": 1, "padding": "valid", "implementation": 1, **layer.config}
    if config.get("data_format") == "channels_first" or len(shape) != axes + 2:
        return not_supported(layer, f"data_format = {config.get('data_format')!r} on {shape}")
    if None in shape[1:]:
        return not_supported(layer, f"needs a known size, got {shape}")
    *lengths, channels = (size or 0 for size in shape[1:])
    windows, strides = (per_axis(config, name, axes) for name in ("kernel_size", "strides"))
    made = [
        conv_length(length, window, str(config["padding"]), stride) or 0
        for length, window, stride in zip(lengths, windows, strides, strict=True)
    ]
    units, inputs = math.prod(made) * config["filters"], math.prod(lengths) * channels
    if units * inputs > MOST_VALUES:
        return not_supported(layer, f"a kernel of {inputs} times {units} values")
    if config["implementation"] != 1 or config["padding"] != "valid":
        what = f"implementation = {config['implementation']} with {config['padding']!r} padding"
        return not_supported(layer, what)
    seen = _seen(lengths, made, windows, strides)
    matrix = _matrix(kernel, seen, (math.prod(lengths), channels), config["filters"])
    weights = [Weight("kernel", matrix)]
    if bias is not None:
        weights.append(Weight("bias", _flat(bias)))
    dense = {
        "units": units,
        "use_bias": bias is not None,
        "activation": config.get("activation", "linear"),
        **{name: config[name] for name in KEPT if name in config},
    }
    lowering = chain(
        step(layer, "flat", "Flatten", {}),
        step(layer, "", "Dense", dense, weights),
        reshape(layer, "places", *made, config["filters"]),
    )
    note = Note(WARNING, layer.name, NoteKind.TRAINING)
    return Lowering(lowering.layers, lowering.outputs, (note,))


def _seen(
    lengths: Sequence[int], made: Sequence[int], windows: Sequence[int], strides: Sequence[int]
) -> Array:
    """Return which inputs each output sees, as numbers [outputs, window] in row-major order."""
    places = []
    for place in itertools.product(*map(range, made)):
        corner = [i * stride for i, stride in zip(place, strides, strict=True)]
        window = itertools.product(*(range(c, c + w) for c, w in zip(corner, windows, strict=True)))
        places.append([np.ravel_multi_index(inside, tuple(lengths)) for inside in window])
    return np.asarray(places)


def _matrix(kernel: Values, seen: Array, inputs: tuple[int, int], filters: int) -> Computed:
    """Return the matrix [inputs, outputs] of a kernel [outputs, window * channels, filters]."""
    outputs, window = seen.shape
    sites, channels = inputs
    shape = (sites * channels, outputs * filters)

    def compute(values: Array) -> Array:
        full = np.zeros((sites, channels, outputs, filters), np.float32)
        parts = values.reshape(outputs, window, channels, filters)
        for output in range(outputs):
            full[seen[output], :, output] = parts[output]
        return full.reshape(shape)

    return Computed(shape, (kernel,), compute, ("locally connected", seen.tobytes(), filters))


def _flat(bias: Values) -> Computed:
    def compute(values: Array) -> Array:
        return values.reshape(-1)

    return Computed((math.prod(bias.shape),), (bias,), compute, ("flat",))
