"""Model files in which every weight is the number of the version, so that a mix is seen at once."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import h5py
import numpy as np

from tests.front_ends.configs import dense, input2, input3, sequential
from tests.keras_files.h5_samples import set_names
from tfjs_serve.keras_files.archive import CONFIG, METADATA, WEIGHTS


def at_once() -> None:
    """Pause between two parts of a file: not at all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A chain of Dense layers of equal size: `layers` x (`units`² + `units`) float32."""

    layers: int = 6
    units: int = 32

    @property
    def nbytes(self) -> int:
        """Return the size of all weights in bytes."""
        return self.layers * (self.units + 1) * self.units * 4

    def config(self, first: dict[str, Any]) -> dict[str, Any]:
        """Return the model's config with an input as its Keras writes it."""
        hidden = (dense(name, units=self.units) for name in self.names("dense_{}"))
        return sequential(first, *hidden)

    def names(self, pattern: str) -> list[str]:
        """Return a name for each layer."""
        return [pattern.format(index) for index in range(self.layers)]

    def values(self, version: float) -> tuple[Any, Any]:
        """Return kernel and bias of any layer."""
        kernel = np.full((self.units, self.units), version, "<f4")
        return kernel, kernel[0]


def write_h5(file: h5py.File, plan: Plan, version: float, pause: Callable[[], None]) -> None:
    """Write a model as Keras 2 does, layer by layer."""
    file.attrs["keras_version"] = "2.15.0"
    file.attrs["backend"] = "tensorflow"
    file.attrs["model_config"] = json.dumps(plan.config(input2("x", (None, plan.units))))
    group = file.create_group("model_weights")
    layers = plan.names("dense_{}")
    set_names(group, "layer_names", layers, None)
    for layer in layers:
        inner = group.create_group(layer)
        names = [f"{layer}/kernel:0", f"{layer}/bias:0"]
        set_names(inner, "weight_names", names, None)
        for name, values in zip(names, plan.values(version), strict=True):
            inner.create_dataset(name, data=values)
        pause()


def overwrite_h5(file: h5py.File, plan: Plan, version: float, pause: Callable[[], None]) -> None:
    """Fill the weights of a model that is there already, layer by layer."""
    for layer in plan.names("dense_{}"):
        inner = file[f"model_weights/{layer}/{layer}"]
        inner["kernel:0"][...], inner["bias:0"][...] = plan.values(version)
        pause()


def write_archive(
    file: zipfile.ZipFile, plan: Plan, version: float, pause: Callable[[], None]
) -> None:
    """Write a model as Keras 3 does, member by member."""
    config = plan.config(input3("x", (None, plan.units)))
    file.writestr(METADATA, json.dumps({"keras_version": "3.15.1"}))
    file.writestr(CONFIG, json.dumps(config))
    pause()
    out = io.BytesIO()
    with h5py.File(out, "w") as weights:
        for index in range(plan.layers):
            layer = f"layers/dense_{index}" if index else "layers/dense"
            for number, values in enumerate(plan.values(version)):
                weights[f"{layer}/vars/{number}"] = values
    file.writestr(WEIGHTS, out.getvalue())
    pause()


def model_bytes(suffix: str, plan: Plan, version: float) -> bytes:
    """Return a whole file, `.h5` or `.keras`."""
    out = io.BytesIO()
    if suffix == ".keras":
        with zipfile.ZipFile(out, "w") as archive:
            write_archive(archive, plan, version, at_once)
    else:
        with h5py.File(out, "w") as file:
            write_h5(file, plan, version, at_once)
    return out.getvalue()
