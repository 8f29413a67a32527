"""Model files in Keras's HDF5 layout, made with h5py alone."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Layers = Mapping[str, Sequence[tuple[str, Array]]]

CONFIG: dict[str, Any] = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
KERNEL = np.arange(12, dtype="<f4").reshape(3, 4)
BIAS = np.arange(4, dtype="<f4") - 2
DENSE: Layers = {"dense": [("dense/kernel:0", KERNEL), ("dense/bias:0", BIAS)]}


def write_model(
    path: Path,
    layers: Layers = DENSE,
    *,
    config: object = CONFIG,
    training_config: object = None,
    keras_version: str | None = "2.15.0",
    split: int | None = None,
    file_options: Mapping[str, Any] | None = None,
    **dataset_options: Any,
) -> Path:
    """Write a model as Keras 2 does and return its path.

    config, training_config: text is written as it is, anything else as JSON.
    split: cut `layer_names` and `weight_names` into that many numbered attributes.
    """
    with h5py.File(path, "w", **(file_options or {})) as file:
        for name, value in (("model_config", config), ("training_config", training_config)):
            if value is not None:
                file.attrs[name] = value if isinstance(value, str | bytes) else json.dumps(value)
        group = file.create_group("model_weights")
        for owner in (file, group):
            owner.attrs["backend"] = "tensorflow"
            if keras_version is not None:
                owner.attrs["keras_version"] = keras_version
        set_names(group, "layer_names", list(layers), split)
        for layer, weights in layers.items():
            inner = group.create_group(layer)
            set_names(inner, "weight_names", [name for name, _ in weights], split)
            for name, values in weights:
                options = dataset_options if values.ndim else {}
                inner.create_dataset(name, data=values, **options)
        set_names(group.create_group("top_level_model_weights"), "weight_names", [], None)
    return path


def set_names(group: h5py.Group, name: str, names: Sequence[str], split: int | None) -> None:
    """Write a list of names as Keras does: an empty one becomes an array of float64."""
    encoded = np.asarray([text.encode() for text in names]) if names else np.asarray([])
    if split is None:
        group.attrs[name] = encoded
        return
    for index, part in enumerate(np.array_split(encoded, split)):
        group.attrs[f"{name}{index}"] = part
