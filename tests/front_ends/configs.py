"""Model configs in the spelling of either Keras, as short as they can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tfjs_serve.keras_files.model import KerasModel, StoredWeight


def entry(class_name: str, name: str, *nodes: Any, **config: Any) -> dict[str, Any]:
    """Return a layer of a functional config; `nodes` as its Keras writes them."""
    return {
        "class_name": class_name,
        "config": {"name": name, "trainable": True, **config},
        "name": name,
        "inbound_nodes": list(nodes),
    }


def dense(name: str, *nodes: Any, **config: Any) -> dict[str, Any]:
    """Return a Dense with the fields every Keras writes."""
    return entry("Dense", name, *nodes, **{"activation": "linear", "use_bias": True, **config})


def keras2(*tensors: Any) -> list[Any]:
    """Return a call of Keras 2 on layers by name, or on triples."""
    return [[*(item if isinstance(item, list) else [item, 0, 0]), {}] for item in tensors]


def keras3(*tensors: Any) -> dict[str, Any]:
    """Return a call of Keras 3 on layers by name, or on triples."""
    found = [
        {
            "class_name": "__keras_tensor__",
            "config": {"keras_history": item if isinstance(item, list) else [item, 0, 0]},
        }
        for item in tensors
    ]
    return {"args": found if len(found) == 1 else [found], "kwargs": {}}


def input2(name: str = "x", shape: Sequence[int | None] = (None, 4)) -> dict[str, Any]:
    """Return an input as Keras 2 writes it."""
    fields = {"batch_input_shape": list(shape), "dtype": "float32", "sparse": False}
    return {
        "class_name": "InputLayer",
        "config": {**fields, "ragged": False, "name": name},
        "name": name,
        "inbound_nodes": [],
    }


def input3(name: str = "x", shape: Sequence[int | None] = (None, 4)) -> dict[str, Any]:
    """Return an input as Keras 3 writes it."""
    found = input2(name, shape)
    fields = found["config"]
    fields["batch_shape"] = fields.pop("batch_input_shape")
    return found


def functional(
    layers: Sequence[Any], outputs: Any, inputs: Any = ("x", 0, 0), name: str = "model", **more: Any
) -> dict[str, Any]:
    """Return a functional model."""
    ends = [list(item) if isinstance(item, tuple) else item for item in (inputs, outputs)]
    fields = {
        "name": name,
        "layers": list(layers),
        "input_layers": ends[0],
        "output_layers": ends[1],
    }
    return {"class_name": "Functional", "config": fields, **more}


def sequential(*layers: Any, name: str = "sequential", **more: Any) -> dict[str, Any]:
    """Return a Sequential model; `more` goes into its config."""
    return {"class_name": "Sequential", "config": {"name": name, "layers": list(layers), **more}}


def model(
    config: Mapping[str, Any], version: str = "3.15.1", weights: Sequence[StoredWeight] = ()
) -> KerasModel:
    """Return a file with this config."""
    return KerasModel(version, "tensorflow", config, None, tuple(weights))
