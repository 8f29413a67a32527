"""Real-looking model files of any size, each version filled with one number."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from tests.keras_files.h5_samples import write_model


def write_dense_model(path: Path, numbers: dict[str, float], units: int = 600) -> None:
    """Write a chain of Dense layers `units` wide, as Keras 2 does; each layer holds one number.

    A layer of 600 units has 1.4 MB, so three of them fill two shards.
    """
    layers = {
        name: [
            (f"{name}/kernel:0", np.full((units, units), number, "<f4")),
            (f"{name}/bias:0", np.full(units, number, "<f4")),
        ]
        for name, number in numbers.items()
    }
    write_model(path, layers, config=_config(list(numbers), units))


def _config(names: list[str], units: int) -> dict[str, Any]:
    fields = {"units": units, "activation": "linear", "use_bias": True, "trainable": True}
    dense = [{"class_name": "Dense", "config": {"name": name, **fields}} for name in names]
    source = {"name": "x", "batch_input_shape": [None, units], "dtype": "float32"}
    entries = [{"class_name": "InputLayer", "config": source}, *dense]
    return {"class_name": "Sequential", "config": {"name": "chain", "layers": entries}}
