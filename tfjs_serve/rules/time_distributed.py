"""A TimeDistributed layer that treats every position alike becomes the layer it holds.

Before: TimeDistributed {"layer": LayerNormalization {"axis": 1}} called "t"
After:  LayerNormalization {"axis": 2} called "t"

The loop over time of tfjs calls the layer once for each step (layers/wrappers.ts 150). Layers
that depend on the rank of their input stay wrapped.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.layers_format.catalog.fields import is_integer, is_number
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = ("TimeDistributed",)

ALIKE = frozenset(
    (
        *("Dense", "Embedding", "Activation", "Rescaling", "Identity", "ActivityRegularization"),
        *("ReLU", "LeakyReLU", "ELU", "ThresholdedReLU", "Softmax"),
        *("Dropout", "GaussianNoise", "GaussianDropout", "AlphaDropout"),
        *("BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"),
    )
)
"""Classes that compute the same with one more axis in front, but for the numbers of axes."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Put the wrapped layer in the place of its wrapper, its axes counted anew."""
    inner = layer.parts.get("layer")
    if layer.class_name not in CLASSES or inner is None or not _is_alike(inner):
        return None
    if len(layer.calls[0].inputs) != 1 or layer.config.keys() - {"trainable"}:
        return None
    config = dict(inner.config)
    if "axis" in config:
        if context.rank is None or _is_batch(config["axis"], context.rank - 1):
            return None
        config["axis"] = _shifted(config["axis"])
    config["trainable"] = bool(config.get("trainable", True)) and bool(
        layer.config.get("trainable", True)
    )
    plain = replace(inner, name=layer.name, config=config, calls=layer.calls)
    return Lowering((plain,), (TensorRef(layer.name),))


def _is_alike(inner: Layer) -> bool:
    fields = inner.config
    if inner.class_name == "Rescaling":
        return all(is_number(fields.get(name, 0)) for name in ("scale", "offset"))
    return inner.class_name in ALIKE and fields.get("noise_shape") is None


def _is_batch(axis: Any, rank: int) -> bool:
    """Tell whether an axis is the one that the wrapper joins with time."""
    axes = axis if isinstance(axis, list | tuple) else [axis]
    return any(item in (0, -rank) for item in axes)


def _shifted(axis: Any) -> Any:
    if isinstance(axis, list | tuple):
        return [_shifted(item) for item in axis]
    return axis + 1 if is_integer(axis) and axis >= 0 else axis
