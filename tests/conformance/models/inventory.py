"""Writes what the Keras it is run with has: layers, activations and, in Keras 3, operations.

    .keras2/bin/python tests/conformance/models/inventory.py
    .keras3/bin/python tests/conformance/models/inventory.py

Into `tests/conformance/results/inventory.json`, each under the room of Keras it comes from.
"""

# mypy: ignore-errors
# ruff: noqa: E402
from __future__ import annotations

import inspect
import json
import os
import warnings
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="")
warnings.filterwarnings("ignore")

import keras

MAJOR = int(keras.__version__.split(".")[0])
OUT = Path(__file__).parents[1] / "results" / "inventory.json"
HELPERS = {"deserialize", "serialize", "get"}


def main() -> None:
    """Write the part of this Keras; the other's stays."""
    known = json.loads(OUT.read_text("utf-8")) if OUT.exists() else {}
    known[f"keras{MAJOR}"] = {
        "version": keras.__version__,
        "layers": layers(),
        "activations": functions(keras.activations),
        "operations": {**operations()} if MAJOR == 3 else {},
    }
    text = json.dumps(dict(sorted(known.items())), indent=1, sort_keys=True)
    OUT.write_text(text + "\n", encoding="utf-8")


def layers() -> dict[str, str]:
    """Return every layer class under its own name, with the folder that holds it."""
    found = {}
    for name in dir(keras.layers):
        kind = getattr(keras.layers, name)
        # An alias, such as Convolution2D, is written to files under the name of its class.
        if isinstance(kind, type) and issubclass(kind, keras.layers.Layer):
            found[kind.__name__] = room(kind)
    return found


def operations() -> dict[str, str]:
    """Return the names of all functions of keras.ops, with the module that holds each."""
    found = functions(keras.ops)
    for room_name in ("image",):
        for name, place in functions(getattr(keras.ops, room_name)).items():
            found[f"{room_name}.{name}"] = place
    return found


def functions(module) -> dict[str, str]:
    """Return the functions of a module, with the file that holds each."""
    return {
        name: room(getattr(module, name))
        for name in dir(module)
        if not name.startswith("_")
        and name not in HELPERS
        and inspect.isfunction(getattr(module, name))
    }


def room(thing) -> str:
    """Return where Keras keeps a class or function: `pooling`, `numpy`."""
    path = inspect.unwrap(thing).__module__.split(".")
    after = {"layers", "ops", "activations"} & set(path)
    return path[path.index(after.pop()) + 1] if after and len(path) > 3 else path[-1]


if __name__ == "__main__":
    main()
