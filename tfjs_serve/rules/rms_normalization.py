"""An RMSNormalization becomes a LayerNormalization of a tensor beside its negative.

Before: RMSNormalization {"axis": -1, "epsilon": 1e-6} on [null, 8]
After:  Reshape [1, 8, 1], Concatenate (x, -x), LayerNormalization {"axis": [2, 3]}, Cropping2D

The mean of x and -x is 0, exactly where the two stand side by side, and their variance is the
mean square of x. Of `scale` the half that meets -x is 0, and cut off. Where two axes have unknown
lengths, a Dense puts -x beside x, and another takes x out again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Shape, TensorRef, Values, Weight
from tfjs_serve.layers_format.catalog.fields import is_integer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import constant, reshaped_weight, values_of
from tfjs_serve.lowering.toolbox import axes_last, held, lengths
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rewriting.sketch import Sketch

CLASSES = ("RMSNormalization",)

EPSILON = 1e-7
"""Of keras.backend, which stands for null."""


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Divide by the root of the mean square over some axes, and scale."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or shape is None:
        return None
    axes = normalized_axes(layer, shape)
    scale = values_of(layer, "scale")
    if scale is None:
        return None
    if axes[0] != len(shape) - len(axes):
        # Keras applies `scale` to the last axes, whichever were normalized.
        raise ShapeError(f"cannot scale other axes than those normalized, got axes {axes}")
    epsilon = layer.config.get("epsilon")
    sketch = Sketch(layer, context)
    return sketch.done(normalized(sketch, layer, axes, epsilon or EPSILON, scale))


def normalized_axes(layer: Layer, shape: Shape) -> list[int]:
    """Return the axes in ascending order; ShapeError for those that Keras reads otherwise."""
    axes = sorted_axes(layer, shape)
    found = layer.config.get("axis", -1)
    given = list(found) if isinstance(found, list | tuple) else [found]
    if axes != [axis % len(shape) for axis in given]:
        raise ShapeError(f"cannot normalize axes {found} of input {shape}")
    return axes


def sorted_axes(layer: Layer, shape: Shape) -> list[int]:
    """Return the axes in ascending order; ShapeError for such as there are none."""
    found = layer.config.get("axis", -1)
    axes = list(found) if isinstance(found, list | tuple) else [found]
    if not axes or not all(is_integer(axis) and -len(shape) <= axis < len(shape) for axis in axes):
        raise ShapeError(f"cannot normalize axes {found} of input {shape}")
    wanted = sorted({axis % len(shape) for axis in axes})
    if len(wanted) < len(axes) or wanted[0] == 0:
        raise ShapeError(f"cannot normalize axes {found} of input {shape}")
    return wanted


def normalized(
    sketch: Sketch, layer: Layer, axes: list[int], epsilon: float, scale: Values | None
) -> TensorRef:
    """Add layers for x / sqrt(mean(x * x) + epsilon), by default divided by sqrt(size), too."""
    shape = sketch.shape(sketch.input())
    there, back = axes_last(len(shape), axes)
    if shape.count(None) - (shape[0] is None) > 1 and len(axes) == 1:
        return _along(sketch, layer, axes[0], epsilon, scale)
    moved = (shape[0], *(shape[axis] for axis in there))
    kept = len(shape) - len(axes)
    size, rest = held((None, *moved[kept:])), held(moved[:kept])
    if size < 0:
        raise ShapeError(f"needs a known length of every normalized axis, got {shape}")
    own = layer.name
    x = sketch.input()
    is_moved = there != sorted(there)
    if is_moved:
        x = sketch.add("Permute", {"dims": there}, x)
    x = sketch.add("Reshape", {"target_shape": [rest, size, 1]}, x)
    negated = sketch.add("Rescaling", {"scale": -1.0, "offset": 0.0}, x)
    x = sketch.add("Concatenate", {"axis": 3}, x, negated)
    config = {"axis": [2, 3], "epsilon": epsilon, "center": False, "scale": scale is not None}
    weights = () if scale is None else (_beside_zeros(scale, size),)
    name = f"{own}__normalize" if scale is None else own
    x = sketch.add("LayerNormalization", config, x, name=name, weights=weights)
    crop = {"cropping": [[0, 0], [0, 1]], "data_format": "channels_first"}
    x = sketch.add("Cropping2D", crop, x)
    if scale is None:
        x = sketch.add("Rescaling", {"scale": size**-0.5, "offset": 0.0}, x)
    last = own if scale is None else None
    x = sketch.add("Reshape", {"target_shape": lengths(moved)}, x, name=None if is_moved else last)
    return sketch.add("Permute", {"dims": back}, x, name=last) if is_moved else x


def _along(
    sketch: Sketch, layer: Layer, axis: int, epsilon: float, scale: Values | None
) -> TensorRef:
    """Add the same layers without a Reshape, which tfjs gives one unknown length at most.

    A Dense of ones puts every element of the last axis beside its negative, and another takes the
    first of each two, exactly where they are finite.
    """
    shape = sketch.shape(sketch.input())
    size = shape[axis]
    if size is None:
        raise ShapeError(f"needs a known length of every normalized axis, got {shape}")
    there, back = axes_last(len(shape), [axis])
    is_moved = axis != len(shape) - 1
    x = sketch.add("Permute", {"dims": there}, sketch.input()) if is_moved else sketch.input()
    pairs = np.kron(np.eye(size), [[1.0, -1.0]]).astype(np.float32)
    frozen = {"use_bias": False, "trainable": False}
    x = sketch.add("Dense", {"units": 2 * size, **frozen}, x, weights=[constant("kernel", pairs)])
    config = {"axis": -1, "epsilon": epsilon, "center": False, "scale": scale is not None}
    weights = (
        ()
        if scale is None
        else (reshaped_weight(_beside_zeros(scale, size), "gamma", (2 * size,)),)
    )
    name = f"{layer.name}__normalize" if scale is None else layer.name
    x = sketch.add("LayerNormalization", config, x, name=name, weights=weights)
    first = np.maximum(pairs.T, 0) * (size**-0.5 if scale is None else 1.0)
    last = layer.name if scale is None else None
    x = sketch.add(
        "Dense",
        {"units": size, **frozen},
        x,
        weights=[constant("kernel", first.astype(np.float32))],
        name=None if is_moved else last,
    )
    return sketch.add("Permute", {"dims": back}, x, name=last) if is_moved else x


def _beside_zeros(scale: Values, size: int) -> Weight:
    """Return the gamma [size, 2] that is `scale` for x and 0 for -x."""

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        flat = values.reshape(size, 1).astype(np.float32)
        return np.concatenate([flat, np.zeros_like(flat)], axis=1)

    return Weight("gamma", Computed((size, 2), (scale,), compute, ("beside zeros",)))
