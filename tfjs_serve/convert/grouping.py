"""The order and the groups in which a folder of its own holds weights: the official ones.

Source: tfjs-converter/python/tensorflowjs/converters/keras_h5_conversion.py
(`h5_merged_saved_model_to_tfjs_format`).
"""

from __future__ import annotations

from collections.abc import Sequence

from tfjs_serve.convert.translation import Tensor
from tfjs_serve.graph import stored_weights
from tfjs_serve.keras_files.model import Container, KerasModel


def in_file_order(tensors: Sequence[Tensor], model: KerasModel) -> tuple[Tensor, ...]:
    """Return tensors in the order of the file: groups by the bytes of their names, level by level.

    What comes from several weights stands where the first of them does, constants in front.
    """
    place = {weight: (weight.group.split("/"), index) for index, weight in enumerate(model.weights)}

    def first(tensor: Tensor) -> tuple[list[str], int]:
        return min((place[s] for s in stored_weights(tensor.values)), default=([], 0))

    return tuple(sorted(tensors, key=first))


def by_layer(tensors: Sequence[Tensor], model: KerasModel) -> list[tuple[Tensor, ...]]:
    """Return one group for each layer that has weights, in the order of their first ones.

    Without weights there is one empty group: the official converter fails there.

    The layer is the one of the file. In `.h5` that is a group of the top level: a nested model is
    one layer, and layers called `a/b` and `a/c` are one.
    """
    groups: dict[str, list[Tensor]] = {}
    for tensor in tensors:
        stored = next(stored_weights(tensor.values), None)
        layer = tensor.name.rpartition("/")[0] if stored is None else stored.group
        if model.container is Container.H5:
            layer = layer.partition("/")[0]
        groups.setdefault(layer, []).append(tensor)
    return [tuple(group) for group in groups.values()] or [()]
