"""A locally connected layer becomes a Dense on the whole input.

Before: LocallyConnected1D {"filters": 3, "kernel_size": [2]} on [null, 6, 2]
After:  Flatten, Dense {"units": 15} with zeros where an output does not see an input, Reshape

tfjs has neither class. The kernel grows to all pairs of inputs and outputs, so that images must be
small; further training fills the zeros, which is said in a warning. Keras 2 stores the kernel by
place (implementation 1), for all pairs (2), or for pairs that see each other (3)
(layers/locally_connected). Under `channels_first` it adds the bias in the order it is stored in.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Values, Weight
from tfjs_serve.layers_format.catalog.shapes import conv_length, per_axis
from tfjs_serve.layers_format.catalog.spec import ShapeError
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
    is_first = config.get("data_format") == "channels_first"
    if len(shape) != axes + 2 or None in shape[1:]:
        return not_supported(layer, f"needs a known size, got {shape}")
    sizes = [size or 0 for size in shape[1:]]
    channels = sizes.pop(0 if is_first else -1)
    lengths = sizes
    windows, strides = (per_axis(config, name, axes) for name in ("kernel_size", "strides"))
    made = [
        conv_length(length, window, str(config["padding"]), stride) or 0
        for length, window, stride in zip(lengths, windows, strides, strict=True)
    ]
    filters = config["filters"]
    units, inputs = math.prod(made) * filters, math.prod(lengths) * channels
    if units * inputs > MOST_VALUES:
        return not_supported(layer, f"a kernel of {inputs} times {units} values")
    seen = _seen(lengths, made, windows, strides, is_same=config["padding"] == "same")
    matrix = _Matrix(seen, channels, filters, is_first, config["implementation"]).of(kernel)
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
        reshape(layer, "places", *((filters, *made) if is_first else (*made, filters))),
    )
    note = Note(WARNING, layer.name, NoteKind.TRAINING)
    return Lowering(lowering.layers, lowering.outputs, (note,))


def _seen(
    lengths: Sequence[int],
    made: Sequence[int],
    windows: Sequence[int],
    strides: Sequence[int],
    *,
    is_same: bool,
) -> Array:
    """Return which places of the input each place of the output sees, as truths [input, output].

    Source: keras/src/utils/conv_utils.py, `conv_connected_inputs`: "same" has the middle of the
    window on the place.
    """
    axes = []
    for length, places, window, stride in zip(lengths, made, windows, strides, strict=True):
        first = np.arange(places) * stride - (window // 2 if is_same else 0)
        distance = np.arange(length)[:, None] - first
        axes.append((distance >= 0) & (distance < window))
    seen: Array = np.ones((1, 1), bool)
    for axis in axes:
        seen = np.kron(seen, axis)
    return seen


@dataclass(frozen=True, slots=True)
class _Matrix:
    """How the kernel of an implementation is spread over all pairs of inputs and outputs.

    Rows and columns are in the order of Keras's own input and output.
    """

    seen: Array
    channels: int
    filters: int
    is_first: bool
    implementation: int

    def of(self, kernel: Values) -> Computed:
        """Return the matrix [inputs, outputs]; ShapeError when the kernel is of another shape."""
        spread = {1: self._by_place, 2: self._by_pair, 3: self._by_seen_pair}[self.implementation]
        sites, places = self.seen.shape
        shape = (sites * self.channels, places * self.filters)
        each = self.channels * self.filters
        pairs = self.seen.size if self.implementation == 2 else int(self.seen.sum())
        if math.prod(kernel.shape) != pairs * each:
            raise ShapeError(f"needs a kernel of {pairs * each} values, got {kernel.shape}")
        key = (self.seen.tobytes(), *shape, self.is_first, self.implementation)
        return Computed(shape, (kernel,), spread, ("locally connected", *key))

    def _laid_out(self, full: Array) -> Array:
        """Return [input place, channel, output place, filter] as the matrix."""
        moved = full.transpose(1, 0, 3, 2) if self.is_first else full
        return moved.reshape(self.seen.shape[0] * self.channels, -1)

    def _linked(self) -> Array:
        sites, places = self.seen.shape
        shape = (sites, self.channels, places, self.filters)
        return self._laid_out(np.broadcast_to(self.seen[:, None, :, None], shape))

    def _by_place(self, values: Array) -> Array:
        sites, places = self.seen.shape
        full = np.zeros((sites, self.channels, places, self.filters), np.float32)
        for place, part in enumerate(values):
            window = np.flatnonzero(self.seen[:, place])
            order = (self.channels, len(window)) if self.is_first else (len(window), self.channels)
            each = part.reshape(*order, self.filters)
            full[window, :, place] = each.swapaxes(0, 1) if self.is_first else each
        return self._laid_out(full)

    def _by_pair(self, values: Array) -> Array:
        linked = self._linked()
        return np.where(linked, values.reshape(linked.shape), np.float32(0))

    def _by_seen_pair(self, values: Array) -> Array:
        # In order of outputs, then of inputs (conv_utils.py, `conv_kernel_idxs`).
        linked = self._linked().T
        full = np.zeros(linked.shape, np.float32)
        full[linked] = values
        return full.T


def _flat(bias: Values) -> Computed:
    def compute(values: Array) -> Array:
        return values.reshape(-1)

    return Computed((math.prod(bias.shape),), (bias,), compute, ("flat",))
