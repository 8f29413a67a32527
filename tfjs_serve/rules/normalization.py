"""A Normalization becomes a shift and a scale.

Before: Normalization {"axis": -1, "mean": [3.0], "variance": [4.0]}
After:  Rescaling {"offset": [-3.0]}, Rescaling {"scale": [0.5]}

Statistics that are weights become those of frozen depthwise convolutions of 1 by 1, since they
are no part of the config. The difference comes first, as in Keras: x / sd - mean / sd would lose
digits where the mean is large. The weight `count` serves `adapt` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Shape, Values
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import chain, finished, reshape, step, values_of
from tfjs_serve.lowering.toolbox import channel_affine, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = ("Normalization",)

Array = npt.NDArray[Any]

LEAST = np.float32(1e-7)
"""Least divisor: the epsilon of keras.backend."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Subtract the mean and divide by the standard deviation, or the other way round."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or shape is None:
        return None
    axes = _kept_axes(layer, shape)
    is_inverse = bool(layer.config.get("invert", False))
    if layer.config.get("mean") is not None and layer.config.get("variance") is not None:
        return _by_constants(layer, shape, axes, is_inverse=is_inverse)
    mean, variance = values_of(layer, "mean"), values_of(layer, "variance")
    if mean is None or variance is None:
        return None
    return _by_weights(layer, shape, axes, mean, variance, is_inverse=is_inverse)


def _kept_axes(layer: Layer, shape: Shape) -> list[int]:
    """Return the axes with statistics of their own, ascending."""
    found = layer.config.get("axis", -1)
    found = [] if found is None else [found] if is_integer(found) else list(found)
    axes = sorted(axis + len(shape) if axis < 0 else axis for axis in found)
    if axes and (axes[0] <= 0 or axes[-1] >= len(shape) or len(set(axes)) < len(axes)):
        raise ShapeError(f"cannot normalize axes {found} of input {shape}")
    if any(shape[axis] is None for axis in axes):
        raise ShapeError(f"needs a known length of the axes {axes}, got {shape}")
    return axes


def _by_constants(layer: Layer, shape: Shape, axes: Sequence[int], *, is_inverse: bool) -> Lowering:
    kept = [shape[axis] or 1 for axis in axes]
    view = [shape[axis] or 1 if axis in axes else 1 for axis in range(1, len(shape))]

    def array(field: str) -> Array:
        values = np.asarray(layer.config[field], np.float32)
        return np.broadcast_to(values, kept).reshape(view)

    mean, deviation = array("mean"), _deviation(array("variance"))
    if is_inverse:
        return finished(layer, _rescaling(layer, "scale", deviation, mean))
    shift = _rescaling(layer, "shift", np.ones_like(mean), -mean)
    scale = _rescaling(layer, "scale", 1 / deviation, np.zeros_like(mean))
    return finished(layer, shift, scale)


def _rescaling(layer: Layer, what: str, scale: Array, offset: Array) -> Layer:
    return step(layer, what, "Rescaling", {"scale": _numbers(scale), "offset": _numbers(offset)})


def _numbers(values: Array) -> Any:
    """Return nested lists as short as broadcasting allows: one number when all are equal."""
    if (values == values.flat[0]).all():
        return float(values.flat[0])
    while values.shape[0] == 1:
        values = values[0]
    return values.tolist()


def _by_weights(
    layer: Layer,
    shape: Shape,
    axes: Sequence[int],
    mean: Values,
    variance: Values,
    *,
    is_inverse: bool,
) -> Lowering:
    kept = [shape[axis] or 1 for axis in axes]
    if list(axes) == [len(shape) - 1]:
        seen, view = shape, tuple(kept)
    elif not axes:
        seen, view = (shape[0], -1 if held(shape) < 0 else held(shape), 1, 1), (1,)
    else:
        seen = (shape[0], 1, 1, held(shape))
        view = tuple(shape[axis] or 1 if axis in axes else 1 for axis in range(1, len(shape)))
    if seen[-1] == -1:
        raise ShapeError(f"needs a known length of every axis, got {shape}")
    whole = tuple(length or 1 for length in shape[1:])
    target = view if len(view) == 1 else whole
    size = int(np.prod(target))

    def laid_out(values: Array) -> Array:
        return np.broadcast_to(values.astype(np.float32).reshape(view), target).reshape(size)

    def computed(source: Values, what: str, compute: Any) -> Values:
        return Computed((size,), (source,), lambda x: compute(laid_out(x)), (what, view, target))

    frozen = Layer(layer.name, layer.class_name, {**layer.config, "trainable": False})
    if is_inverse:
        scale = computed(variance, "deviation", _deviation)
        steps = channel_affine(frozen, seen, scale, computed(mean, "mean", lambda x: x))
    else:
        first = Layer(f"{layer.name}__shift", layer.class_name, frozen.config)
        steps = (
            *channel_affine(first, seen, None, computed(mean, "negative", lambda x: -x)),
            *channel_affine(
                frozen, seen, computed(variance, "1/sd", lambda x: 1 / _deviation(x)), None
            ),
        )
    if seen == shape:
        return chain(*steps)
    return chain(
        reshape(layer, "view", *(length or 1 for length in seen[1:])),
        *steps,
        reshape(layer, "whole", *lengths(shape)),
    )


def _deviation(variance: Array) -> Array:
    return np.maximum(np.sqrt(variance), LEAST)
