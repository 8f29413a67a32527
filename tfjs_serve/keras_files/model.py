"""A Keras model file as values: configs as JSON, weights as handles that are read late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Container(Enum):
    """How a file tells which weight belongs to which layer.

    H5: by a group for each top-level layer and by the names of variables.
    ARCHIVE: by the paths of objects, counted by class, and by the order of variables.
    """

    H5 = "h5"
    ARCHIVE = "keras"


@dataclass(frozen=True, slots=True)
class Extent:
    """A run of bytes in the source file that holds one tensor, C order, little endian."""

    offset: int
    nbytes: int


@dataclass(frozen=True, slots=True)
class StoredWeight:
    """One dataset of a model file, not read yet.

    group: name of the top-level layer group it lies in (`model_weights/<group>`); in an archive
        the path of the object that owns it, `layers/dense/vars`.
    name: the entry of `weight_names`, e.g. `dense/kernel`; a trailing `:0` is stripped. In an
        archive the whole path, `layers/dense/vars/0`.
    dtype: NumPy type string of the stored values, e.g. `<f4`.
    extent: where its bytes lie when they can be copied as they are (contiguous layout, no
        filter, little endian); None when it must be read through HDF5.
    path: the dataset's path from the root of the HDF5 file.
    """

    group: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    path: str
    extent: Extent | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a model was trained when it was saved; None where the file does not tell.

    iterations: steps of the optimizer. learning_rate: the one it had then.
    """

    iterations: int | None = None
    learning_rate: float | None = None


@dataclass(frozen=True, slots=True)
class KerasModel:
    """A whole-model file.

    keras_version: the attribute as written (`2.15.0`, `3.15.1`, `2.2.4-tf`); None when absent.
    config: the parsed `model_config`: `{"class_name": ..., "config": {...}}`.
    training_config: the parsed `training_config`, None when the model was not compiled.
    weights: layer groups in byte order of their names (the order HDF5 iterates in, which is
        the order the official converter writes), inside a group the order of `weight_names`.
        In an archive the order of paths, variables of one object by number.
    warnings: what could not be read and is not needed to predict.
    layer_names: the groups of a `.h5` in the order of the model's layers, as the file lists them.
    progress: of its training, which says at which learning rate it may go on.
    vocabularies: what the layers of an archive were adapted to, as text with a token on each line,
        by the path of the layer.
    """

    keras_version: str | None
    backend: str | None
    config: Mapping[str, Any]
    training_config: Mapping[str, Any] | None
    weights: tuple[StoredWeight, ...]
    container: Container = Container.H5
    warnings: tuple[str, ...] = ()
    layer_names: tuple[str, ...] = ()
    progress: Progress = Progress()
    vocabularies: Mapping[str, str] = field(default_factory=dict)

    @property
    def generation(self) -> int:
        """Return the major version of Keras that wrote the file: 1, 2 or 3.

        Where `keras_version` is missing the config tells: only Keras 1 wrote `input_dtype`, into
        each of its inputs; else it is 2, as early tf.keras left the version out.
        """
        head = (self.keras_version or "").split(".", 1)[0]
        if head.isdigit():
            return int(head)
        return 1 if _has_key(self.config, "input_dtype") else 2


def _has_key(value: Any, key: str) -> bool:
    if isinstance(value, Mapping):
        return key in value or any(_has_key(item, key) for item in value.values())
    return isinstance(value, list) and any(_has_key(item, key) for item in value)
