"""A model file looked into: what it holds and what a conversion would do, nothing written."""

from __future__ import annotations

import math
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import DEFAULT_OPTIONS, Options, TensorInfo
from tfjs_serve.convert.translation import Translation, attempt, completed
from tfjs_serve.errors import ConversionError
from tfjs_serve.front_ends import read_graph
from tfjs_serve.graph import Graph, Layer
from tfjs_serve.inspection import Inspection, LayerInfo, Training
from tfjs_serve.keras_files.model import KerasModel
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.report import Report
from tfjs_serve.rules import Attempt
from tfjs_serve.shapes import Shapes
from tfjs_serve.training.objects import named

DTYPES = {
    **{f"f{size}": f"float{8 * size}" for size in (2, 4, 8)},
    **{f"{sign}{size}": f"{word}{8 * size}" for sign, word in (("i", "int"), ("u", "uint"))
       for size in (1, 2, 4, 8)},
    **{"b1": "bool", "V2": "bfloat16"},
}  # fmt: skip
"""Stored NumPy type without its byte order -> the name of the dtype."""


def examine(path: str | os.PathLike[str], options: Options = DEFAULT_OPTIONS) -> Inspection:
    """Return all that can be told of a file; OSError when it cannot be opened."""
    source = Path(path)
    try:
        with open_keras_file(source) as file:
            return _examined(file.model, source.name, options)
    except ConversionError as error:
        return Inspection(source.name, error=error)


def _examined(model: KerasModel, file: str, options: Options) -> Inspection:
    facts: dict[str, Any] = {
        "file": file,
        "container": model.container.value,
        "keras_version": model.keras_version,
        "backend": model.backend,
        "dtypes": _dtypes(model),
    }
    try:
        source = read_graph(model)
    except ConversionError as unread:
        return Inspection(**facts, training=_training(model, None), error=unread)
    tried = attempt(model, source, options)
    translation, error = _completed(model, source, tried)
    facts |= {
        "name": source.name,
        "kind": source.kind.value,
        "layers": _layers(source, tried.shapes),
        "training": _training(model, translation),
        "report": Report(tried.applied, tried.notes),
        "error": error,
    }
    if translation is None:
        return Inspection(**facts, **_boundaries(source, tried.shapes))
    summary = translation.summary
    facts |= {"report": translation.report, "custom_classes": summary.custom_classes}
    facts |= {"inputs": summary.inputs, "outputs": summary.outputs}
    return Inspection(**facts, needs_companion=summary.needs_companion)


def _completed(
    model: KerasModel, source: Graph, tried: Attempt
) -> tuple[Translation | None, ConversionError | None]:
    try:
        return completed(model, source, tried.translated()), None
    except ConversionError as error:
        return None, error


def _layers(graph: Graph, shapes: Mapping[tuple[str, ...], Shapes]) -> tuple[LayerInfo, ...]:
    return tuple(_layer(layer, (layer.name,), shapes) for layer in graph.layers)


def _layer(
    layer: Layer, path: tuple[str, ...], shapes: Mapping[tuple[str, ...], Shapes]
) -> LayerInfo:
    children = (*layer.parts.values(), *(layer.graph.layers if layer.graph is not None else ()))
    inside = tuple(_layer(child, (*path, child.name), shapes) for child in children)
    own = sum(math.prod(weight.shape) for weight in layer.weights)
    return LayerInfo(
        layer.name,
        layer.class_name,
        shapes.get(path) or (layer.calls[0].shapes if layer.calls else ()),
        own + sum(child.parameters for child in inside),
        bool(layer.config.get("trainable", True)),
        inside,
    )


def _boundaries(graph: Graph, shapes: Mapping[tuple[str, ...], Shapes]) -> dict[str, Any]:
    """Return the inputs and outputs of a refused model, as far as they are known."""
    inputs = tuple(
        TensorInfo(layer.name, layer.config.get("shape"), str(layer.config.get("dtype")))
        for layer in (graph.layer(ref.layer) for ref in graph.inputs)
    )
    found = [(*shapes.get((ref.layer,), ()), *(None,) * (ref.output + 1)) for ref in graph.outputs]
    outputs = tuple(
        TensorInfo(ref.layer, known[ref.output] if ref.call == 0 else None, "float32")
        for ref, known in zip(graph.outputs, found, strict=True)
    )
    return {"inputs": inputs, "outputs": outputs}


def _dtypes(model: KerasModel) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for stored in model.weights:
        counts[DTYPES.get(stored.dtype[1:], stored.dtype)] += math.prod(stored.shape)
    return dict(counts.most_common())


def _training(model: KerasModel, translation: Translation | None) -> Training | None:
    config = model.training_config
    if config is None:
        return None
    return Training(
        next(_names(config.get("optimizer_config")), None),
        tuple(dict.fromkeys(_names(config.get("loss")))),
        tuple(dict.fromkeys(_names([config.get("metrics"), config.get("weighted_metrics")]))),
        is_kept=translation is not None and translation.summary.trainable,
    )


def _names(value: Any) -> Iterator[str]:
    """Yield the names of the objects in a loss or metrics setting, whatever its nesting."""
    found = named(value)
    if found is not None:
        yield found.name
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _names(item)
    elif isinstance(value, list):
        for item in value:
            yield from _names(item)
