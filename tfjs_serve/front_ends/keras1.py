"""The config of a Keras 1 model in the spelling of Keras 2.

Only the spelling changes, value by value: fields and classes are renamed, and what Keras 2 has no
place for stays as it is, so that the catalog refuses it by its name. Weights: `keras1_weights`.

Source: keras at tag 1.2.2, `get_config` of each layer and models.py, `Sequential.get_config`;
Keras's own renaming is keras/legacy/interfaces.py at tag 2.3.1, lines 105-560.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends.keras1_fields import modern_fields
from tfjs_serve.visible import shown

Entry: TypeAlias = dict[str, Any]
"""A layer or model as JSON: class_name, config, and in a functional model inbound_nodes."""

CLASSES: Mapping[str, str] = {
    "Convolution1D": "Conv1D",
    "Convolution2D": "Conv2D",
    "Convolution3D": "Conv3D",
    "AtrousConvolution1D": "Conv1D",
    "AtrousConvolution2D": "Conv2D",
    "Deconvolution2D": "Conv2DTranspose",
    "SeparableConvolution2D": "SeparableConv2D",
    "TimeDistributedDense": "Dense",
}

MERGES: Mapping[str, str] = {
    "sum": "Add",
    "mul": "Multiply",
    "ave": "Average",
    "max": "Maximum",
    "concat": "Concatenate",
    "dot": "Dot",
}
"""Class of Keras 2 for the `mode` of a Merge; `cos` and functions have none."""

MERGE_FIELDS: Mapping[str, tuple[str, str]] = {
    "concat": ("concat_axis", "axis"),
    "dot": ("dot_axes", "axes"),
}


def modern(entry: Any) -> Entry:
    """Return a layer, a wrapper or a whole model in the spelling of Keras 2.

    Raises ConversionError for what is no layer at all.
    """
    if not isinstance(entry, Mapping):
        raise ConversionError(f"a layer of the model is {shown(entry)} instead of an object")
    class_name, config = str(entry.get("class_name")), entry.get("config")
    if class_name == "Sequential":
        layers = config.get("layers") if isinstance(config, Mapping) else config
        if isinstance(layers, list) and layers:
            return _modern_sequential(dict(entry), layers)
    if not isinstance(config, Mapping):
        return dict(entry)
    if isinstance(config.get("layers"), list):
        return {**entry, "config": {**config, "layers": [modern(x) for x in config["layers"]]}}
    if class_name == "Merge":
        return _modern_merge(entry, config)
    fields = modern_fields(class_name, config)
    if isinstance(fields.get("layer"), Mapping):
        fields["layer"] = modern(fields["layer"])
    return {**entry, "class_name": CLASSES.get(class_name, class_name), "config": fields}


def _modern_merge(entry: Mapping[str, Any], config: Mapping[str, Any]) -> Entry:
    """Return the merging layer of a mode; a mode without one stays a Merge."""
    mode = str(config.get("mode"))
    if config.get("mode_type", "raw") != "raw" or mode not in MERGES:
        return dict(entry)
    kept = {key: config[key] for key in ("name", "trainable") if key in config}
    if mode in MERGE_FIELDS:
        old, new = MERGE_FIELDS[mode]
        kept[new] = config.get(old, -1)
    if mode == "dot":
        kept["normalize"] = False
    return {**entry, "class_name": MERGES[mode], "config": kept}


def _modern_sequential(entry: Entry, layers: list[Any]) -> Entry:
    if not _is_joined(layers):
        return {**entry, "config": [modern(layer) for layer in layers]}
    # Keras 1 keeps such a model flat: the layers of the branches stand beside its own.
    flat = _Flat()
    end = flat.sequence(layers)
    config = {
        "name": entry.get("name", "sequential"),
        "layers": [*flat.inputs, *flat.layers],
        "input_layers": [[item["name"], 0, 0] for item in flat.inputs],
        "output_layers": [[end, 0, 0]],
    }
    return {**entry, "class_name": "Model", "config": config}


def _is_joined(layers: list[Any]) -> bool:
    """Tell whether a Sequential model starts by merging other models."""
    first = layers[0]
    return (
        isinstance(first, Mapping)
        and first.get("class_name") == "Merge"
        and isinstance(first.get("config"), Mapping)
        and isinstance(first["config"].get("layers"), list)
    )


class _Flat:
    """A Sequential model that merges Sequential models, as the layers of a functional one."""

    def __init__(self) -> None:
        self.inputs: list[Entry] = []
        self.layers: list[Entry] = []

    def sequence(self, layers: list[Any]) -> str:
        """Add a chain of layers and return the name of its last one."""
        ends: list[str]
        if _is_joined(layers):
            first = dict(layers[0]["config"])
            ends = [self.sequence(branch) for branch in _branches(first.pop("layers"))]
            joint = modern({"class_name": "Merge", "config": first})
            ends = [self._add(joint, ends)]
        else:
            first = modern(layers[0])
            ends = [self._input(first)]
            if first["class_name"] != "InputLayer":
                ends = [self._add(first, ends)]
        for layer in layers[1:]:
            ends = [self._add(modern(layer), ends)]
        return ends[0]

    def _input(self, first: Entry) -> str:
        config = first.get("config") or {}
        name = f"{_name(first)}_input"
        shape = config.get("batch_input_shape") if isinstance(config, Mapping) else None
        fields = {"batch_input_shape": shape, "dtype": "float32"}
        if first["class_name"] == "InputLayer":
            name, fields = _name(first), config
        found = {"class_name": "InputLayer", "config": {**fields, "name": name}}
        self.inputs.append({**found, "name": name, "inbound_nodes": []})
        return name

    def _add(self, entry: Entry, sources: list[str]) -> str:
        name = _name(entry)
        nodes = [[[source, 0, 0] for source in sources]]
        self.layers.append({**entry, "name": name, "inbound_nodes": nodes})
        return name


def _name(entry: Entry) -> str:
    """Return the name of a layer; a model inside a branch may have it beside its config."""
    config = entry.get("config")
    name = config.get("name") if isinstance(config, Mapping) else None
    name = name or entry.get("name")
    if not isinstance(name, str):
        raise ConversionError(f"a layer of class {entry.get('class_name')!r} has no name")
    return name


def _branches(models: list[Any]) -> Iterator[list[Any]]:
    """Yield the layers of each merged model; a layer alone is a chain of one."""
    for model in models:
        is_chain = isinstance(model, Mapping) and model.get("class_name") == "Sequential"
        config = model.get("config") if is_chain else None
        yield config if isinstance(config, list) and config else [model]
