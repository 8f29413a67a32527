"""How Keras lays a model out in an archive: configs in JSON, variables under paths of classes.

The paths (`layers/dense_1/vars/0`) hold no layer names, so nothing is resolved here: whoever
knows the layers counts their classes. Optimizers and metrics lie beside the layers and are left.

Source: keras/src/saving/saving_lib.py, `_save_state` and `_save_container_state`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from tfjs_serve.keras_files.archive import CONFIG, METADATA, Archive
from tfjs_serve.keras_files.json_config import parse_archive_config, parse_object
from tfjs_serve.keras_files.layout import Tally
from tfjs_serve.keras_files.model import Container, KerasModel, StoredWeight
from tfjs_serve.keras_files.refusals import SAVE_AGAIN_ARCHIVE, refusal
from tfjs_serve.keras_files.storage import Stored

LAYERS, VARIABLES = "layers", "vars"
EARLY_LAYERS = "_layer_checkpoint_dependencies"
"""Where models of tf.keras 2.12 and 2.13 keep their layers."""

DEPTH_LIMIT = 100
GROUPS_LIMIT = 200_000


class Group(Protocol):
    """A group of an HDF5 file, seen through guards: hard links only."""

    def members(self) -> tuple[str, ...]:
        """Return the names linked in this group, in byte order."""

    def group(self, path: str) -> Group | None:
        """Return the group at a relative path; None when nothing is there."""

    def dataset(self, path: str) -> Stored | None:
        """Return the dataset at a relative path; None when nothing is there."""


def read_archive_model(archive: Archive, root: Group, where: str) -> KerasModel:
    """Read everything but the values of the weights.

    root: of the archive's HDF5 file. where: the archive's name as people read it.

    Raises ConversionError when the parts contradict themselves.
    """
    metadata = parse_object(archive.metadata, where, METADATA)
    config, warnings = parse_archive_config(archive.config, where, CONFIG)
    version = metadata.get("keras_version")
    if not isinstance(version, str):
        why = f"names no keras_version in its {METADATA}"
        raise refusal(where, why, SAVE_AGAIN_ARCHIVE)
    return KerasModel(
        keras_version=version,
        backend=None,
        config=config,
        training_config=_training_config(config.get("compile_config")),
        weights=tuple(_weights(root, where, archive.weights.nbytes)),
        container=Container.ARCHIVE,
        warnings=warnings,
        vocabularies=archive.vocabularies,
    )


def _training_config(compiled: Any) -> dict[str, Any] | None:
    """Return what compile() was given, in the spelling of a `.h5` file."""
    if not isinstance(compiled, Mapping) or not compiled:
        return None
    # Keras 3 forgets it in an archive that it saves after a `.h5` (legacy_h5_format.py).
    optimizer = compiled.get("optimizer")
    if isinstance(optimizer, str):
        name = OPTIMIZERS.get(optimizer.lower(), optimizer)
        optimizer = {"class_name": name, "config": {}}
    others = {key: value for key, value in compiled.items() if key != "optimizer"}
    return {**others, "optimizer_config": optimizer}


OPTIMIZERS: Mapping[str, str] = {
    name.lower(): name
    for name in (
        *("Adadelta", "Adafactor", "Adagrad", "Adam", "Adamax", "AdamW", "Ftrl", "Lion"),
        *("LossScaleOptimizer", "Nadam", "RMSprop", "SGD"),
    )
}
"""Class of an optimizer that was given by its short name (keras/src/optimizers/__init__.py)."""


def _weights(root: Group, where: str, nbytes: int) -> Iterator[StoredWeight]:
    tally = Tally(where, nbytes)
    groups = 0
    pending: list[tuple[Group, tuple[str, ...]]] = []
    for name in (LAYERS, EARLY_LAYERS):  # A subclassed model has neither.
        layers = root.group(name)
        if layers is not None:
            pending.append((layers, (name,)))
    while pending:
        group, path = pending.pop()
        groups += 1
        # Hard links may form circles and share groups, which Keras never does.
        if len(path) > DEPTH_LIMIT or groups > GROUPS_LIMIT:
            raise refusal(where, "nests its groups without end", SAVE_AGAIN_ARCHIVE)
        members = group.members()
        if path[-1] == VARIABLES:
            for name in sorted(members, key=_number):
                stored = group.dataset(name)
                if stored is None:
                    continue
                place = "/".join(path)
                weight = StoredWeight(
                    place, f"{place}/{name}", stored.shape, stored.dtype, stored.path, stored.extent
                )
                tally.add(weight, stored.nbytes)
                yield weight
            continue
        for name in reversed(members):
            inner = group.group(name)
            if inner is not None:
                pending.append((inner, (*path, name)))


def _number(name: str) -> tuple[int, str]:
    """Order variables as they were made: `10` comes after `9`; other names come last."""
    return (int(name), "") if name.isdecimal() and len(name) < 9 else (10**9, name)
