"""Which stored weight belongs to which layer.

A `.h5` holds one group for each top-level layer. Inside it the names are what Keras called its
variables, which may carry the suffix of an earlier model of the same session, so names decide
only where they fit one to one; otherwise the order does, as in Keras's own loader
(keras/src/legacy/saving/legacy_h5_format.py, `_legacy_weights`): trainable variables of all inner
layers in order, then the others. In Keras 2 a frozen model has no trainable variables, whatever
its layers say (engine/base_layer.py, `trainable_weights`); Keras 3 asks the outermost model and
then each variable (layers/layer.py, `trainable_variables`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from tfjs_serve.front_ends.custom_weights import is_unknown, split_off, with_own
from tfjs_serve.graph import Layer, Weight, walk_layers
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.keras_files.variables import NEVER_TRAINED, all_roles, roles

ALIASES = {"depthwise_kernel": ("depthwise_kernel", "kernel"), "vector_u": ("sn_u",)}
"""Keras 3 stores a depthwise kernel as `kernel`, Keras 2 `vector_u` as `sn_u`."""

DIRECTIONS = {"layer": "forward", "backward_layer": "backward"}
"""How the variables of a Bidirectional's parts are told apart in their names."""

NOT_FOR_INFERENCE = frozenset({"seed_generator_state"})

SEEDS = "/seed_generator/vars"
"""Where an archive keeps the state of a layer's random numbers."""


@dataclass(frozen=True, slots=True)
class Slot:
    """A variable a layer is known to have.

    path: the layer names and wrapper fields that lead to it from the top-level layer.
    owner: the name of the innermost layer that has a name of its own.
    direction: `forward` or `backward` inside a Bidirectional, else empty.
    """

    path: tuple[str, ...]
    owner: str
    direction: str
    role: str
    is_trainable: bool


Found: TypeAlias = Mapping[tuple[tuple[str, ...], str], StoredWeight]
"""Stored weights by the path and role of their slot."""


def bind_weights(layers: Sequence[Layer], model: KerasModel) -> tuple[Layer, ...]:
    """Return the layers with their stored weights.

    A layer whose weights do not fit stays without: whether it has all that TensorFlow.js will
    ask for is checked once, on the finished topology.
    """
    groups: dict[str, list[StoredWeight]] = {}
    for stored in model.weights:
        if not is_left_out(stored):
            groups.setdefault(stored.group, []).append(stored)
    return tuple(_bind(layer, groups.get(layer.name, []), model.generation) for layer in layers)


def is_left_out(stored: StoredWeight) -> bool:
    """Tell whether a stored variable has no part in inference."""
    if stored.group.endswith(SEEDS):
        return True
    return stored.name.rpartition("/")[2] in NOT_FOR_INFERENCE


def _bind(layer: Layer, group: Sequence[StoredWeight], generation: int) -> Layer:
    own, group = split_off(layer, group)
    layer = with_own(layer, own)
    slots = tuple(_slots(layer, (layer.name,), layer.name, generation))
    if len(slots) != len(group):
        return layer
    is_nested = any(item.graph is not None for item in walk_layers([layer]))
    if is_nested and layer.graph is None:  # a wrapper around a model
        slots = tuple(sorted(slots, key=lambda slot: not slot.is_trainable))
    found = _by_name(slots, group, is_nested=is_nested)
    if found is None:
        pairs = zip(slots, group, strict=True)
        found = {(slot.path, slot.role): stored for slot, stored in pairs}
    return _attach(layer, found, (layer.name,))


def _slots(
    layer: Layer, path: tuple[str, ...], owner: str, generation: int, direction: str = ""
) -> Iterator[Slot]:
    is_trainable = bool(layer.config.get("trainable", True))
    if layer.graph is not None:
        inner = [
            slot
            for child in layer.graph.layers
            for slot in _slots(child, (*path, child.name), child.name, generation)
        ]
        if generation >= 3 and len(path) > 1:
            yield from inner
        elif is_trainable:
            yield from sorted(inner, key=lambda slot: not slot.is_trainable)
        else:
            yield from (replace(slot, is_trainable=False) for slot in inner)
        return
    stored = roles if generation >= 3 else all_roles
    for role in stored(layer.class_name, layer.config):
        may_train = is_trainable and role not in NEVER_TRAINED
        yield Slot(path, owner, direction, role, may_train)
    for field, part in wrapped_layers(layer).items():
        way = DIRECTIONS.get(field, "") if layer.class_name == "Bidirectional" else direction
        for slot in _slots(part, (*path, field), owner, generation, way):
            yield replace(slot, is_trainable=is_trainable and slot.is_trainable)


def wrapped_layers(layer: Layer) -> Mapping[str, Layer]:
    """Return the wrapped layers; Keras 2 leaves out a backward layer that mirrors the forward."""
    if layer.class_name == "Bidirectional" and "layer" in layer.parts:
        return {"layer": layer.parts["layer"], "backward_layer": layer.parts["layer"]} | dict(
            layer.parts
        )
    return layer.parts


def _by_name(
    slots: Sequence[Slot], group: Sequence[StoredWeight], *, is_nested: bool
) -> Found | None:
    """Return the one-to-one match of names, None where there is none."""
    by_key = {(slot.owner if is_nested else "", slot.direction, slot.role): slot for slot in slots}
    if len(by_key) != len(slots):
        return None
    found: dict[tuple[tuple[str, ...], str], StoredWeight] = {}
    for stored in group:
        keys = _keys(stored.name.split("/"), is_nested=is_nested)
        slot = next((by_key[key] for key in keys if key in by_key), None)
        if slot is None or (slot.path, slot.role) in found:
            return None
        found[slot.path, slot.role] = stored
    return found


def _keys(components: Sequence[str], *, is_nested: bool) -> Iterator[tuple[str, str, str]]:
    """Yield what a stored name may mean as owner, direction and role, the longest role first."""
    for start in range(len(components)):
        head, role = components[:start], "/".join(components[start:])
        direction = next((d for d in DIRECTIONS.values() if any(_leads(d, h) for h in head)), "")
        ways = (direction, "") if direction else ("",)
        for owner in _runs(head) if is_nested else ("",):
            yield from ((owner, way, name) for way in ways for name in _roles(role))


def _leads(direction: str, component: str) -> bool:
    return component.startswith(f"{direction}_")


def _roles(stored: str) -> tuple[str, ...]:
    return (stored, *(r for r, names in ALIASES.items() if stored in names and stored != r))


def _runs(components: Sequence[str]) -> Iterator[str]:
    """Yield every run of path components as a name, longest first: Keras 2 allows `a/b`.

    Of equal length the last one first: what stands before a layer are the models around it.
    """
    for length in range(len(components), 0, -1):
        for start in range(len(components) - length, -1, -1):
            yield "/".join(components[start : start + length])


def _attach(layer: Layer, found: Found, path: tuple[str, ...]) -> Layer:
    if layer.graph is not None:
        inner = tuple(_attach(child, found, (*path, child.name)) for child in layer.graph.layers)
        return replace(layer, graph=replace(layer.graph, layers=inner))
    parts = {f: _attach(part, found, (*path, f)) for f, part in wrapped_layers(layer).items()}
    if is_unknown(layer):
        return layer
    own = (role for role in all_roles(layer.class_name, layer.config) if (path, role) in found)
    weights = tuple(Weight(role, found[path, role]) for role in own)
    return replace(layer, weights=weights, parts=parts)
