"""A Keras model file as values: configs as JSON, weights as handles that are read late."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
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
class KerasModel:
    """A whole-model file.

    keras_version: the attribute as written (`2.15.0`, `3.15.1`, `2.2.4-tf`); None when absent.
    config: the parsed `model_config`: `{"class_name": ..., "config": {...}}`.
    training_config: the parsed `training_config`, None when the model was not compiled.
    weights: layer groups in byte order of their names (the order HDF5 iterates in, which is
        the order the official converter writes), inside a group the order of `weight_names`.
        In an archive the order of paths, variables of one object by number.
    warnings: what could not be read and is not needed to predict.
    """

    keras_version: str | None
    backend: str | None
    config: Mapping[str, Any]
    training_config: Mapping[str, Any] | None
    weights: tuple[StoredWeight, ...]
    container: Container = Container.H5
    warnings: tuple[str, ...] = ()

    @property
    def generation(self) -> int:
        """Return the major version of Keras that wrote the file: 1, 2 or 3.

        A missing `keras_version` means 2: only early tf.keras left it out.
        """
        head = (self.keras_version or "2").split(".", 1)[0]
        return int(head) if head.isdigit() else 2
