"""The weights of layers whose class nobody here knows: all that the file has under their name.

A `.h5` names variables, an archive only numbers them: those are called `weight_0`, `weight_1`, ...
in the order in which the layer made them. Layers inside the layer stand before, as in
`dense/kernel`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tfjs_serve.graph import OPERATION_PREFIX, Layer, Weight, walk_layers
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.keras_files.variables import roles
from tfjs_serve.rewriting.keras_classes import KERAS_CLASSES


def is_unknown(layer: Layer) -> bool:
    """Tell whether a layer is of a class whose variables are not known by name."""
    name = layer.class_name
    is_known = name in KERAS_CLASSES or name.startswith(OPERATION_PREFIX)
    return layer.graph is None and not is_known and not any(roles(name, layer.config))


def split_off(
    layer: Layer, group: Sequence[StoredWeight]
) -> tuple[Mapping[str, list[StoredWeight]], list[StoredWeight]]:
    """Return the weights of unknown layers inside a top-level one by layer, and all others."""
    names = [item.name for item in walk_layers((layer,)) if is_unknown(item)]
    own: dict[str, list[StoredWeight]] = {name: [] for name in names if names.count(name) == 1}
    others: list[StoredWeight] = []
    for stored in group:
        found = [name for name in own if name == layer.name or _lies_in(stored, name)]
        (own[found[0]] if len(found) == 1 else others).append(stored)
    if layer.parts and [*own.values()] == [[]] and not any(known_roles(layer)):
        # Keras 2 names what a wrapped layer makes by the wrapper.
        return dict.fromkeys(own, others), []
    return own, others


def known_roles(layer: Layer) -> Iterator[str]:
    """Yield the roles of the variables of all known layers inside one."""
    for item in walk_layers((layer,)):
        yield from roles(item.class_name, item.config)


def with_own(layer: Layer, own: Mapping[str, Sequence[StoredWeight]]) -> Layer:
    """Return a layer in which the unknown ones have their weights."""
    if is_unknown(layer):
        return replace(layer, weights=_weights(layer.name, own.get(layer.name, ())))
    parts = {field: with_own(part, own) for field, part in layer.parts.items()}
    if layer.graph is None:
        return replace(layer, parts=parts)
    inner = tuple(with_own(item, own) for item in layer.graph.layers)
    return replace(layer, graph=replace(layer.graph, layers=inner))


def numbered(path: str, objects: Mapping[str, Sequence[StoredWeight]]) -> tuple[Weight, ...]:
    """Return the weights that an archive keeps under the path of a layer, those inside it last."""
    own = [
        (f"{key[len(path) : -len('vars')].strip('/')}/weight_{index}".lstrip("/"), stored)
        for key, found in objects.items()
        if key.startswith(f"{path}/") and key.endswith("/vars")
        for index, stored in enumerate(found)
    ]
    own.sort(key=lambda item: item[0].count("/"))
    return _named(own)


def _lies_in(stored: StoredWeight, name: str) -> bool:
    return f"/{name}/" in f"/{stored.name}"


def _weights(layer: str, stored: Iterable[StoredWeight]) -> tuple[Weight, ...]:
    def role(item: StoredWeight) -> str:
        _, _, inside = f"/{item.name}".partition(f"/{layer}/")
        return inside or item.name.rpartition("/")[2]

    return _named((role(item), item) for item in stored)


def _named(found: Iterable[tuple[str, StoredWeight]]) -> tuple[Weight, ...]:
    """Return weights under names that TensorFlow.js takes (common.ts 111), no two alike."""
    weights: dict[str, Weight] = {}
    for role, stored in found:
        name = free = re.sub(r"[^A-Za-z0-9\-._/]", "_", role)
        count = 0
        while free in weights:
            count += 1
            free = f"{name}_{count}"
        weights[free] = Weight(free, stored)
    return tuple(weights.values())
