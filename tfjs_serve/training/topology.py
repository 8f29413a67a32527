"""What a model was compiled with, in Keras's own words, without the parts that are not Keras's.

The official converter writes the words of the file into `modelTopology.training_config`, where
TensorFlow.js never looks (models.ts 312); so does this one. A custom loss, metric or optimizer is
left out with a warning that names it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tfjs_serve.layers_format.catalog.training import LOSSES, METRICS, OPTIMIZERS
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.training.objects import object_name


def without_custom_parts(
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
        Note(
            f"the custom {kind} {name!r} is left out: it matters to training only",
            kind=NoteKind.DROPPED,
        )
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
    name = object_name(value)
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
    if object_name(value) is not None:
        return value
    if isinstance(value, Mapping):
        return {key: _without(item, custom) for key, item in value.items() if not _is(item, custom)}
    if isinstance(value, list):
        return [_without(item, custom) for item in value if not _is(item, custom)]
    return value


def _is(value: Any, custom: frozenset[str]) -> bool:
    return object_name(value) in custom
