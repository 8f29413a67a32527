"""How Keras lays a whole model out in an HDF5 file: attributes, groups, weight names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Protocol

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.json_config import parse_model_config, parse_training_config
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.keras_files.refusals import SAVE_AGAIN, SAVE_WHOLE, refusal
from tfjs_serve.keras_files.storage import Stored

WEIGHTS_LIMIT = 100_000
DECLARED_LIMIT = 16 << 30
TOP_LEVEL = "top_level_model_weights"
# Root groups of what save_weights() writes: Keras 3; tf.keras 2.12 and 2.13.
_WEIGHT_GROUPS = ("layers", "vars", "_layer_checkpoint_dependencies")


class Group(Protocol):
    """A group of an HDF5 file, seen through guards: hard links only."""

    def text(self, name: str) -> str | None:
        """Return a string attribute; None when there is none."""

    def names(self, name: str) -> tuple[str, ...] | None:
        """Return a list-of-strings attribute; None when there is none."""

    def has(self, name: str) -> bool:
        """Tell whether a member of that name is linked in this group."""

    def group(self, path: str) -> Group | None:
        """Return the group at a relative path; None when nothing is there."""

    def dataset(self, path: str) -> Stored | None:
        """Return the dataset at a relative path; None when nothing is there."""


def read_model(root: Group, where: str, file_bytes: int) -> KerasModel:
    """Read everything but the values of the weights.

    where: the file's name as people read it. file_bytes: its size.

    Raises ConversionError when the file holds no whole model, or contradicts itself.
    Source: keras/src/legacy/saving/legacy_h5_format.py (Keras 3), hdf5_format.py (Keras 2).
    """
    config = root.text("model_config")
    if config is None:
        raise _no_model(root, where)
    group = root.group("model_weights")
    if group is None:
        why = "holds an architecture (model_config) but no group model_weights"
        raise refusal(where, why, SAVE_WHOLE)
    training, warnings = _training(root.text("training_config"), where)
    layers = _layer_names(group, where)
    weights = _weights(group, layers, where, file_bytes)
    model = KerasModel(
        keras_version=root.text("keras_version") or group.text("keras_version"),
        backend=root.text("backend") or group.text("backend"),
        config=parse_model_config(config, where),
        training_config=training,
        weights=weights,
        warnings=warnings,
        layer_names=layers,
    )
    if model.backend is None and model.generation == 1:
        return replace(model, backend=_backend_of(weights))
    return model


def _backend_of(weights: tuple[StoredWeight, ...]) -> str | None:
    """Return the backend that the names of variables tell: Keras 1 wrote no attribute for it.

    TensorFlow puts `:0` behind every name, Theano nothing (keras/backend at tag 1.2.2).
    """
    if not weights:
        return None
    return "tensorflow" if all(weight.path.endswith(":0") for weight in weights) else "theano"


def _training(text: str | None, where: str) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """Return the training config; nobody needs it to predict, so a bad one is only told of."""
    if text is None:
        return None, ()
    try:
        return parse_training_config(text, where), ()
    except ConversionError as error:
        return None, (f"the training config is left out: it {error.reasons[0].why}",)


def _no_model(root: Group, where: str) -> ConversionError:
    is_keras_2 = split_names(root, "layer_names") is not None
    if is_keras_2 or any(root.has(name) for name in _WEIGHT_GROUPS):
        return refusal(where, "holds weights only (save_weights())", SAVE_WHOLE)
    if root.has("model_weights"):
        return refusal(where, "holds weights but no architecture (no model_config)", SAVE_WHOLE)
    return refusal(where, "is an HDF5 file but no Keras model (no model_config)", SAVE_WHOLE)


def split_names(group: Group, name: str) -> tuple[str, ...] | None:
    """Return a name list that Keras may have split into `name0`, `name1`, ...

    Lists beyond HDF5's limit of 64 kB for one attribute are split.
    """
    whole = group.names(name)
    if whole is not None:
        return whole
    found: list[str] = []
    count = 0
    while (part := group.names(f"{name}{count}")) is not None:
        found += part
        count += 1
    return tuple(found) if count else None


class Tally:
    """Counts weights while they are listed, and stops a file that declares too many."""

    def __init__(self, where: str, file_bytes: int) -> None:
        self._where = where
        self._file_bytes = file_bytes
        self._count = self._declared = self._copied = 0

    def add(self, weight: StoredWeight, nbytes: int) -> None:
        """Count a weight of `nbytes`; ConversionError when it is one too many."""
        self._count += 1
        self._declared += nbytes
        self._copied += weight.extent.nbytes if weight.extent else 0
        # Each byte of a file is stored once: more would be the same bytes under many names.
        if (
            self._count > WEIGHTS_LIMIT
            or self._copied > self._file_bytes
            or self._declared > max(DECLARED_LIMIT, self._file_bytes)
        ):
            what = f"({self._count}, {self._declared} bytes)"
            raise refusal(self._where, f"declares more weights {what} than it can hold", SAVE_AGAIN)


def _layer_names(model_weights: Group, where: str) -> tuple[str, ...]:
    layers = split_names(model_weights, "layer_names")
    if layers is None:
        raise refusal(where, "lists no layer_names in its group model_weights", SAVE_AGAIN)
    if len(set(layers)) < len(layers):
        raise refusal(where, "lists the same layer twice in layer_names", SAVE_AGAIN)
    return layers


def _weights(
    model_weights: Group, layers: tuple[str, ...], where: str, file_bytes: int
) -> tuple[StoredWeight, ...]:
    weights: list[StoredWeight] = []
    tally = Tally(where, file_bytes)
    # What Keras itself loads: the listed layers. A layer `a/b` is a group inside a group, so the
    # order of HDF5, level by level, is that of the parts and not that of the whole names.
    for layer in sorted({*layers, TOP_LEVEL}, key=lambda name: name.encode().split(b"/")):
        group = model_weights.group(layer)
        if group is None:
            if layer == TOP_LEVEL:  # Only tf.keras 2.6 and later write it.
                continue
            raise refusal(where, f"has no group for its layer {layer!r}", SAVE_AGAIN)
        for weight, nbytes in _layer_weights(group, layer, where):
            tally.add(weight, nbytes)
            weights.append(weight)
    return tuple(weights)


def _layer_weights(group: Group, layer: str, where: str) -> list[tuple[StoredWeight, int]]:
    names = split_names(group, "weight_names")
    if names is None:
        raise refusal(where, f"lists no weight_names for its layer {layer!r}", SAVE_AGAIN)
    found: list[tuple[StoredWeight, int]] = []
    seen: set[str] = set()
    for path in names:
        name = path.removesuffix(":0")
        # Across layers a name may come twice: two nested models may each hold a layer `x`.
        if name in seen:
            raise refusal(where, f"names the weight {name!r} of {layer!r} twice", SAVE_AGAIN)
        seen.add(name)
        stored = group.dataset(path)
        if stored is None:
            raise refusal(where, f"has no values for the weight {name!r} of {layer!r}", SAVE_AGAIN)
        weight = StoredWeight(layer, name, stored.shape, stored.dtype, stored.path, stored.extent)
        found.append((weight, stored.nbytes))
    return found
