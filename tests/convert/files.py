"""A small model as a file, by h5py alone, and ways to read back what became of it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from tests.front_ends.configs import dense, entry, input2, sequential
from tests.keras_files.h5_samples import BIAS, KERNEL, Array, Layers, write_model

INPUT = input2("x", (None, 3))
DENSE = dense("dense", units=4)
CONFIG = sequential(INPUT, DENSE)
VALUES = KERNEL.tobytes() + BIAS.tobytes()
LAMBDA = sequential(INPUT, entry("Lambda", "dense"))


def write(path: Path, config: Any = CONFIG, layers: Layers | None = None, **options: Any) -> Path:
    """Write a model with one Dense layer; `options` are those of `write_model`."""
    given = {"dense": [("dense/kernel:0", KERNEL), ("dense/bias:0", BIAS)]}
    return write_model(path, given if layers is None else layers, config=config, **options)


def typed(dtype: str) -> dict[str, list[tuple[str, Array]]]:
    """Return the weights of the Dense layer in another type."""
    return {
        "dense": [("dense/kernel:0", KERNEL.astype(dtype)), ("dense/bias:0", BIAS.astype(dtype))]
    }


def chain(*units: int) -> tuple[Any, dict[str, list[tuple[str, Array]]]]:
    """Return config and random weights of Dense layers d0, d1, ... one after the other."""
    rng = np.random.default_rng(1)
    layers = {}
    before = 3
    for index, count in enumerate(units):
        kernel: npt.NDArray[Any] = rng.random((before, count), "f4")
        layers[f"d{index}"] = [
            (f"d{index}/kernel", kernel),
            (f"d{index}/bias", rng.random(count, "f4")),
        ]
        before = count
    entries = [dense(f"d{index}", units=count) for index, count in enumerate(units)]
    return sequential(INPUT, *entries), layers


def joined(layers: Layers, order: Sequence[str]) -> bytes:
    """Return the bytes of some layers' weights."""
    return b"".join(values.tobytes() for name in order for _, values in layers[name])


def manifest(model_json: bytes) -> tuple[list[str], list[tuple[str, tuple[int, ...]]]]:
    """Return the paths and the weights that a model.json names."""
    (group,) = json.loads(model_json)["weightsManifest"]
    return group["paths"], [(item["name"], tuple(item["shape"])) for item in group["weights"]]


def decoded(folder: Path) -> dict[str, npt.NDArray[np.float32]]:
    """Return the weights of a folder as tfjs reads them (io_utils.ts, `decodeWeight`)."""
    found = {}
    for group in json.loads((folder / "model.json").read_text())["weightsManifest"]:
        data = b"".join((folder / path).read_bytes() for path in group["paths"])
        for spec in group["weights"]:
            assert spec["dtype"] == "float32"
            known = spec.get("quantization", {"dtype": "float32"})
            values: Array = np.frombuffer(data, known["dtype"], math.prod(spec["shape"]))
            data = data[values.nbytes :]
            if "scale" in known:
                values = values.astype("f8") * known["scale"] + known["min"]
            found[spec["name"]] = values.astype("f4").reshape(spec["shape"])
        assert not data
    return found


class ChangesAtTheEnd(dict[str, Any]):
    """Metadata that appends to a file when it is written: the last thing a conversion does.

    The file grows through a descriptor of its own, as when another process writes it.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(labels=["a"])
        self._path = path

    def items(self) -> Any:
        """Return the items, after the file has grown by one byte."""
        with self._path.open("ab") as file:
            file.write(b"\0")
        return super().items()
