"""What a model was compiled with, without the parts that are not Keras's own.

A custom loss, metric or optimizer never stops a conversion: a browser needs none of them to
predict. Each one is left out with a warning that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfjs_serve.artifacts import Note
from tfjs_serve.layers_format.catalog.training import LOSSES, METRICS, OPTIMIZERS


def translate_training(
    config: Mapping[str, Any] | None,
) -> tuple[dict[str, Any] | None, tuple[Note, ...]]:
    """Return the training config without custom objects, and a warning for each of them.

    Without its loss or its optimizer a training config says nothing and is left out as a whole.
    """
    if config is None:
        return None, ()
    found = {
        "optimizer": list(_custom(config.get("optimizer_config"), OPTIMIZERS)),
        "loss": list(_custom(config.get("loss"), LOSSES)),
        "metric": [
            name
            for key in ("metrics", "weighted_metrics")
            for name in _custom(config.get(key), METRICS | LOSSES)
        ],
    }
    notes = tuple(
        Note(f"the custom {kind} {name!r} is left out: it matters to training only")
        for kind, names in found.items()
        for name in dict.fromkeys(names)
    )
    if found["optimizer"] or found["loss"]:
        return None, notes
    if found["metric"]:
        custom = frozenset(found["metric"])
        kept = {key: _without(config.get(key), custom) for key in ("metrics", "weighted_metrics")}
        return {**config, **{key: value for key, value in kept.items() if key in config}}, notes
    return dict(config), notes


def _custom(value: Any, known: frozenset[str]) -> Iterator[str]:
    """Yield the names in a loss, metric or optimizer setting that are not Keras's own."""
    name = _object_name(value)
    if name is not None:
        if name not in known:
            yield name
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _custom(item, known)
    elif isinstance(value, list):
        for item in value:
            yield from _custom(item, known)


def _without(value: Any, custom: frozenset[str]) -> Any:
    """Return a metrics setting without the objects of these names, its nesting kept."""
    if _object_name(value) is not None:
        return value
    if isinstance(value, Mapping):
        return {key: _without(item, custom) for key, item in value.items() if not _is(item, custom)}
    if isinstance(value, list):
        return [_without(item, custom) for item in value if not _is(item, custom)]
    return value


def _is(value: Any, custom: frozenset[str]) -> bool:
    return _object_name(value) in custom


def _object_name(value: Any) -> str | None:
    """Return the name of a serialized object or function, None for lists and plain dicts.

    Keras 2 wraps a metric function in MeanMetricWrapper; what counts is the function.
    """
    if isinstance(value, str):
        return value
    if not isinstance(value, Mapping) or "class_name" not in value:
        return None
    config = value.get("config")
    if isinstance(config, Mapping) and config.get("fn") is not None:
        return _object_name(config["fn"])
    name = config if value["class_name"] == "function" else value["class_name"]
    # tf.keras 2.11 and later register their own optimizers as custom ones.
    return str(name).removeprefix("Custom>")
