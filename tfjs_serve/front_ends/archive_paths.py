"""Which weight of an archive belongs to which layer.

An archive names variables by the attributes that lead to them and never by a layer's own name:
in a container the path of a layer is its class in snake case, with a number where the class has
come before; variables have the numbers in which they were made.

Source: keras/src/saving/saving_lib.py, `_save_state`, `_save_container_state`;
keras/src/utils/naming.py, `to_snake_case` (Keras 3), utils/generic_utils.py (Keras 2.15).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.custom_weights import is_unknown, numbered
from tfjs_serve.front_ends.weights import is_left_out, wrapped_layers
from tfjs_serve.graph import OPERATION_PREFIX, Layer, Weight, walk_layers
from tfjs_serve.keras_files.archive_layout import EARLY_LAYERS, LAYERS
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.keras_files.refusals import SAVE_AGAIN_ARCHIVE
from tfjs_serve.keras_files.variables import all_roles, roles


@dataclass(frozen=True, slots=True)
class Objects:
    """What an archive holds, by the path of the object that owns it.

    variables: in the order they were made, under `<path>/vars`.
    vocabularies: texts, which only some layers are adapted to.
    """

    variables: Mapping[str, Sequence[StoredWeight]]
    vocabularies: Mapping[str, str]


ADAPTED = frozenset({"IntegerLookup"})
"""Layers whose vocabulary lies in the archive where their config has none."""

WHOLE_NUMBERS = re.compile(r"-?[0-9]{1,19}(?:\r?\n-?[0-9]{1,19})*+[\r\n]*")
"""A vocabulary: a token on each line."""

RECURRENT = re.compile(r"(SimpleRNN|GRU|LSTM|ConvLSTM[123]D)$")
"""Layers whose variables are those of the cell they hold."""

PARTS: Mapping[tuple[str, str], str] = {("Bidirectional", "layer"): "forward_layer"}
"""Attribute of a wrapped layer where it is not the field it stands in."""

LISTED_AGAIN: Mapping[str, tuple[str, ...]] = {"SpectralNormalization": ("kernel",)}
"""Variables of a wrapped layer that the wrapper keeps, too, before its own.

Source: keras/src/layers/normalization/spectral_normalization.py, `build`.
"""

INNER_LAYERS: Mapping[str, str] = {
    "query": "query_dense",
    "key": "key_dense",
    "value": "value_dense",
    "gate": "gate_dense",
    "attention_output": "output_dense",
}
"""Attribute of the layers inside a layer, by the names that their variables have."""


def bind_by_path(layers: Sequence[Layer], model: KerasModel) -> tuple[Layer, ...]:
    """Return the layers of an archive's model with their stored weights.

    A layer whose weights do not fit stays without.
    """
    variables: dict[str, list[StoredWeight]] = {}
    for stored in model.weights:
        if not is_left_out(stored):
            variables.setdefault(stored.group, []).append(stored)
    is_early = any(path.startswith(f"{EARLY_LAYERS}/") for path in variables)
    objects = Objects(variables, model.vocabularies)
    return _bind_container(layers, EARLY_LAYERS if is_early else LAYERS, "", objects)


def class_paths(layers: Iterable[Layer], attribute: str = LAYERS) -> Iterator[str]:
    """Yield the path component of each layer of a container; '' for what is no layer to Keras.

    attribute: where the model keeps its layers. Until tf.keras 2.13 that was a dict that holds a
    layer with weights twice, and both count.
    """
    counts = Counter[str]()
    for layer in layers:
        if layer.class_name.startswith(OPERATION_PREFIX):
            yield ""
            continue
        name = snake_case(layer.class_name.rpartition(">")[2])
        yield f"{name}_{counts[name]}" if counts[name] else name
        counts[name] += 2 if attribute == EARLY_LAYERS and _has_variables(layer) else 1


def snake_case(class_name: str) -> str:
    """Return a class name as it stands in a path: `PReLU` is `p_re_lu`."""
    words = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", class_name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", words).lower()


def _has_variables(layer: Layer) -> bool:
    return any(next(roles(item.class_name, item.config), None) for item in walk_layers([layer]))


def _bind_container(
    layers: Sequence[Layer], attribute: str, path: str, objects: Objects
) -> tuple[Layer, ...]:
    components = class_paths(layers, attribute)
    return tuple(
        _bind(layer, f"{path}{attribute}/{component}", attribute, objects) if component else layer
        for layer, component in zip(layers, components, strict=True)
    )


def _bind(layer: Layer, path: str, attribute: str, objects: Objects) -> Layer:
    if layer.graph is not None:
        inner = _bind_container(layer.graph.layers, attribute, f"{path}/", objects)
        return replace(layer, graph=replace(layer.graph, layers=inner))
    if is_unknown(layer):
        return replace(layer, weights=numbered(path, objects.variables))
    inside = wrapped_layers(layer)
    parts = {
        field: _bind(part, f"{path}/{place}", attribute, objects)
        for (field, part), place in zip(inside.items(), _part_paths(layer, inside), strict=True)
    }
    weights = tuple(_own_weights(layer, path, objects.variables))
    return replace(_adapted(layer, path, objects), weights=weights, parts=parts)


def _adapted(layer: Layer, path: str, objects: Objects) -> Layer:
    """Return a layer with the vocabulary of an IntegerLookup, as if its config had held it."""
    text = objects.vocabularies.get(path)
    if layer.class_name not in ADAPTED or layer.config.get("vocabulary") or not text:
        return layer
    if not WHOLE_NUMBERS.fullmatch(text):
        why = f"the vocabulary of layer {layer.name!r} is no list of whole numbers"
        raise ConversionError(f"{why}; {SAVE_AGAIN_ARCHIVE}")
    return replace(layer, config={**layer.config, "vocabulary": [*map(int, text.split())]})


def _part_paths(layer: Layer, parts: Mapping[str, Layer]) -> Iterator[str]:
    """Yield where the layers inside a layer lie; cells of a list are counted like layers."""
    if layer.class_name == "StackedRNNCells":
        yield from (f"cells/{component}" for component in class_paths(parts.values()))
    else:
        yield from (PARTS.get((layer.class_name, field), field) for field in parts)


def _own_weights(
    layer: Layer, path: str, variables: Mapping[str, Sequence[StoredWeight]]
) -> Iterator[Weight]:
    """Yield the weights of a layer and of those inside it, in the order of their roles."""
    by_owner: dict[str, list[str]] = {}
    for role in all_roles(layer.class_name, layer.config):
        if role.startswith("lora_"):  # An archive holds merged kernels.
            continue
        by_owner.setdefault(role.rpartition("/")[0], []).append(role)
    for owner, names in by_owner.items():
        found = next((variables[p] for p in _places(layer, path, owner) if p in variables), ())
        if len(found) > len(names):
            names = [*LISTED_AGAIN.get(layer.class_name, ()), *names]
        if len(found) == len(names):
            yield from (Weight(role, stored) for role, stored in zip(names, found, strict=True))


def _places(layer: Layer, path: str, owner: str) -> Iterator[str]:
    """Yield where variables may lie; Keras 2 keeps inner layers in private attributes."""
    if owner:
        attribute = INNER_LAYERS.get(owner, owner)
        yield from (f"{path}/{mark}{attribute}/vars" for mark in ("", "_"))
    elif RECURRENT.search(layer.class_name):
        yield f"{path}/cell/vars"
    else:
        yield f"{path}/vars"
