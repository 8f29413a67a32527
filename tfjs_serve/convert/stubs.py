"""The custom classes of a model file, as a JavaScript module that begins them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import Options
from tfjs_serve.convert.translation import attempt
from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Layer, walk_layers
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.layers_format.stub import StubClass, StubLayer, module
from tfjs_serve.rewriting.custom import camel_case, registered_names
from tfjs_serve.rules.custom_layers import is_custom


def stub_of(path: str | os.PathLike[str]) -> str | None:
    """Return the text of the module; None for a model without custom classes.

    Raises ConversionError for a file that is no Keras model, or whose custom classes are all
    inside other layers, OSError when it cannot be opened.
    """
    source = Path(path)
    with open_keras_file(source) as file:
        graph = read_graph(file.model)
        found = [layer.class_name for layer in walk_layers(graph.layers) if is_custom(layer)]
        if not found:
            return None
        tried = attempt(file.model, graph, Options(allow_custom=tuple(dict.fromkeys(found))))
    layers = [layer for layer in walk_layers(tried.graph.layers) if layer.is_custom]
    if not layers and tried.reasons:
        # All are inside other layers, where none is left to the page.
        raise ConversionError(str(tried.reasons[0]), tried.reasons)
    if not layers:
        return None
    classes = [
        StubClass(name, keras_name, tuple(_layer(one) for one in layers if one.class_name == name))
        for keras_name, name in registered_names(found).items()
    ]
    return module(
        source.name, [one for one in classes if one.layers], [str(why) for why in tried.reasons]
    )


def _layer(layer: Layer) -> StubLayer:
    fields = {camel_case(key): _arrived(item) for key, item in layer.config.items()}
    fields.pop("trainable", None)  # Layer keeps it.
    return StubLayer(
        layer.name,
        fields,
        layer.calls[0].shapes,
        tuple((weight.name, weight.shape) for weight in layer.weights),
    )


def _arrived(value: Any, key: str = "") -> Any:
    """Return a config value as tfjs hands it over."""
    if isinstance(value, str):
        return value if key == "name" else camel_case(value)
    if isinstance(value, list | tuple):
        return [_arrived(item) for item in value]
    if isinstance(value, dict):
        return {camel_case(name): _arrived(item, name) for name, item in value.items()}
    return value
