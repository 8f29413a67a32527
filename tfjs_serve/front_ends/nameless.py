"""Names for Sequential models that were saved without one.

Until Keras 2.2.2 the config of a Sequential model was the bare list of its layers, so one inside
another has no name in the file; its weights have one, in `layer_names`, at the same place.

Source: keras/models.py at tags 1.2.2 and 2.0.9, `Sequential.get_config`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def named(entry: Mapping[str, Any], layer_names: Sequence[str]) -> Mapping[str, Any]:
    """Return a model's config in which every layer has a name.

    layer_names: of the groups of weights, in the order of the model's layers.
    """
    config = entry.get("config")
    if entry.get("class_name") == "Sequential" and isinstance(config, list):
        places = [str(place) for place in range(1, len(config) + 1)]
        own = [f"{entry.get('name', 'sequential')}__{place}" for place in places]
        names = layer_names if len(layer_names) == len(config) else own
        pairs = zip(config, names, strict=True)
        return {**entry, "config": [_named_layer(layer, name) for layer, name in pairs]}
    if isinstance(config, Mapping) and isinstance(config.get("layers"), list):
        layers = [_named_layer(layer, None) for layer in config["layers"]]
        return {**entry, "config": {**config, "layers": layers}}
    return entry


def _named_layer(layer: Any, name: str | None) -> Any:
    if not isinstance(layer, Mapping):
        return layer
    is_nameless = isinstance(layer.get("config"), list) and not isinstance(layer.get("name"), str)
    return named({**layer, "name": name} if is_nameless and name else layer, ())
