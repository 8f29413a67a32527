"""The weights of a Keras 1 model in the shapes of Keras 2.

Keras 1 has a variable for each gate of an LSTM or GRU, kernels in the order of their
`dim_ordering`, and names that only say to which layer a variable belongs; as in Keras's own loader
the order decides. What is put together or turned is computed when it is written.
A kernel is turned before its gates are put together; Keras's loader, which does it the other way
round, breaks a ConvLSTM2D with channels first.

Source: keras/engine/saving.py at tag 2.3.1, `preprocess_weights_for_loading`; the channels_first
kernels of SeparableConvolution2D, which it leaves out, keras/layers/convolutional.py at 1.2.2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfjs_serve.front_ends.weights import wrapped_layers
from tfjs_serve.graph import Computed, Layer, Values, Weight
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.keras_files.variables import NEVER_TRAINED, roles

Array: TypeAlias = npt.NDArray[Any]
Path: TypeAlias = tuple[str, ...]
Found: TypeAlias = Mapping[Path, Sequence[StoredWeight]]

FUSED = 2
"""`implementation` of a recurrent layer whose gates share their variables (consume_less gpu)."""

GATES: Mapping[str, tuple[int, ...]] = {
    "LSTM": (0, 2, 1, 3),
    "ConvLSTM2D": (0, 2, 1, 3),
    "GRU": (0, 1, 2),
}
"""Place of each gate of Keras 2 among those of Keras 1, which has i, c, f, o and z, r, h."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """A layer without layers in it, and how many variables it has of either kind."""

    path: Path
    trained: int
    frozen: int


def bind_keras1(layers: Sequence[Layer], model: KerasModel) -> tuple[Layer, ...]:
    """Return the layers of a Keras 1 model with their stored weights.

    A layer whose weights do not fit stays without.
    """
    groups: dict[str, list[StoredWeight]] = {}
    for stored in model.weights:
        groups.setdefault(stored.group, []).append(stored)
    return tuple(_bind(layer, groups.get(layer.name, [])) for layer in layers)


def _bind(layer: Layer, group: Sequence[StoredWeight]) -> Layer:
    leaves = tuple(_leaves(layer, (layer.name,)))
    if sum(leaf.trained + leaf.frozen for leaf in leaves) != len(group):
        return layer
    rest = iter(group)
    found: dict[Path, list[StoredWeight]] = {leaf.path: [] for leaf in leaves}
    for leaf in leaves:
        found[leaf.path] += [next(rest) for _ in range(leaf.trained)]
    for leaf in leaves:
        found[leaf.path] += [next(rest) for _ in range(leaf.frozen)]
    return _attach(layer, found, (layer.name,))


def _leaves(layer: Layer, path: Path) -> Iterator[Leaf]:
    if layer.graph is not None:
        for child in layer.graph.layers:
            yield from _leaves(child, (*path, child.name))
        return
    own = tuple(roles(layer.class_name, layer.config))
    frozen = sum(role in NEVER_TRAINED for role in own)
    trained = (len(own) - frozen) * (len(GATES[layer.class_name]) if _is_split(layer) else 1)
    if not layer.config.get("trainable", True):
        trained, frozen = 0, trained + frozen
    yield Leaf(path, trained, frozen)
    for field, part in wrapped_layers(layer).items():
        yield from _leaves(part, (*path, field))


def _is_split(layer: Layer) -> bool:
    """Tell whether each gate has variables of its own; a ConvLSTM2D never says."""
    is_fused = layer.config.get("implementation") == FUSED
    return layer.class_name in GATES and not (is_fused and layer.class_name != "ConvLSTM2D")


def _attach(layer: Layer, found: Found, path: Path) -> Layer:
    if layer.graph is not None:
        inner = tuple(_attach(child, found, (*path, child.name)) for child in layer.graph.layers)
        return replace(layer, graph=replace(layer.graph, layers=inner))
    parts = {f: _attach(part, found, (*path, f)) for f, part in wrapped_layers(layer).items()}
    own = tuple(roles(layer.class_name, layer.config))
    arrays = [
        _turned(layer, own[index % len(own)], values) for index, values in enumerate(found[path])
    ]
    if _is_split(layer):
        arrays = _fused(arrays, GATES[layer.class_name], len(own))
    weights = tuple(Weight(role, values) for role, values in zip(own, arrays, strict=True))
    return replace(layer, weights=weights, parts=parts)


def _turned(layer: Layer, role: str, values: Values) -> Values:
    """Return a kernel with its axes in the order of Keras 2."""
    if not role.endswith("kernel"):
        return values
    if layer.class_name == "Conv1D":
        return _of_one_dimension(layer, values)
    turn = TURNS.get((layer.class_name, str(layer.config.get("data_format"))))
    if turn is None or len(values.shape) != len(turn):
        return values
    return _transposed(values, turn)


def _of_one_dimension(layer: Layer, values: Values) -> Values:
    """Return [length, channels, filters] of [length, 1, ...], in Keras 1.0 [..., length, 1]."""
    if len(values.shape) != 4:
        return values
    length, filters = layer.config.get("kernel_size"), layer.config.get("filters")
    is_new = isinstance(length, list) and values.shape == (*length, 1, values.shape[2], filters)
    last = values if is_new else _transposed(values, (2, 3, 1, 0))
    shape = (last.shape[0], *last.shape[2:])

    def compute(array: Array) -> Array:
        return array.reshape(shape)

    return Computed(shape, (last,), compute, ("one dimension",))


def _transposed(values: Values, axes: tuple[int, ...]) -> Values:
    def compute(array: Array) -> Array:
        return np.transpose(array, axes)

    shape = tuple(values.shape[axis] for axis in axes)
    return Computed(shape, (values,), compute, ("transposed", *axes))


def _fused(arrays: Sequence[Values], gates: Sequence[int], count: int) -> list[Values]:
    """Return one tensor for each role, its gates side by side along the last axis."""
    return [_joined([arrays[gate * count + role] for gate in gates]) for role in range(count)]


def _joined(gates: Sequence[Values]) -> Values:
    shape = gates[0].shape
    if any(gate.shape != shape for gate in gates):
        return gates[0]  # Of a shape that no layer has: refused when shapes are compared.

    def compute(*values: Array) -> Array:
        return np.concatenate(values, axis=-1)

    return Computed((*shape[:-1], len(gates) * shape[-1]), tuple(gates), compute, ("gates",))


TURNS: Mapping[tuple[str, str], tuple[int, ...]] = {
    **dict.fromkeys(
        (
            ("Conv2D", "channels_first"),
            ("ConvLSTM2D", "channels_first"),
            ("SeparableConv2D", "channels_first"),
        ),
        (2, 3, 1, 0),
    ),
    ("Conv3D", "channels_first"): (2, 3, 4, 1, 0),
    ("Conv2DTranspose", "channels_last"): (0, 1, 3, 2),
    ("Conv2DTranspose", "channels_first"): (2, 3, 0, 1),
}
"""Axes of a Keras 1 kernel in the order of Keras 2, by class and data format."""
