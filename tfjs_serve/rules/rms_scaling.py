"""A LayerNormalization with rms_scaling becomes a product with the root of a variance.

Before: LayerNormalization {"axis": -1, "rms_scaling": true} on [null, 8]
After:  x * r * gamma, with r made by LayerNormalization of (c, -c) beside (t, -t), c = x - mean

Keras divides by the root of variance + epsilon and does not subtract the mean, so that this is no
RMSNormalization (keras/src/ops/nn.py, `_layer_normalization`). The numbers c, -c, t and -t have
mean 0; for t * t = n * epsilon their mean square is (variance + epsilon) * n / (n + 1), so that t
comes out as t * sqrt((n + 1) / n) * r.
"""

from __future__ import annotations

import math

import numpy as np

from tfjs_serve.graph import Layer, TensorRef, Values, Weight
from tfjs_serve.layers_format.catalog.fields import is_number
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering.chains import reshaped_weight, values_of
from tfjs_serve.lowering.tensor_parts import linear_map
from tfjs_serve.lowering.toolbox import axes_last, held, lengths, scaled
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal, refuse
from tfjs_serve.rewriting.sketch import Sketch
from tfjs_serve.rules.rms_normalization import sorted_axes

CLASSES = ("LayerNormalization",)


def rewrite(layer: Layer, context: Context) -> Lowering | Refusal | None:
    """Divide by the root of the variance over some axes, and scale."""
    shape = context.shapes[0] if len(context.shapes) == 1 else None
    if layer.class_name not in CLASSES or not layer.config.get("rms_scaling") or shape is None:
        return None
    epsilon, gamma = layer.config.get("epsilon", 1e-3), values_of(layer, "gamma")
    if gamma is None or len(layer.weights) != 1:
        return refuse(layer, "the file does not hold the weights that its config calls for")
    if not is_number(epsilon) or epsilon <= 0:
        raise ShapeError(f"cannot divide by the root of a variance with epsilon {epsilon}")
    axes = sorted_axes(layer, shape)
    there, back = axes_last(len(shape), axes)
    moved = (shape[0], *(shape[axis] for axis in there))
    kept = len(shape) - len(axes)
    size = held((None, *moved[kept:]))
    if size < 1:
        raise ShapeError(f"needs a known length of every normalized axis, got {shape}")
    sketch = Sketch(layer, context)
    is_moved = there != sorted(there)
    x = sketch.input()
    x = sketch.add("Permute", {"dims": there}, x) if is_moved else x
    if len(axes) == 1 and len(shape) == 4:
        x = _scaled(sketch, layer, x, gamma, epsilon)
    else:
        view = {"target_shape": [held(moved[:kept]), 1, size]}
        x = _scaled(sketch, layer, sketch.add("Reshape", view, x), gamma, epsilon)
        x = sketch.add("Reshape", {"target_shape": lengths(moved)}, x)
    return sketch.done(sketch.add("Permute", {"dims": back}, x) if is_moved else x)


def _scaled(sketch: Sketch, layer: Layer, x: TensorRef, gamma: Values, epsilon: float) -> TensorRef:
    """Return an image over the roots of the variances of its pixels, times gamma."""
    size = sketch.shape(x)[3] or 0
    divided = sketch.add("Multiply", {}, x, _inverse_root(sketch, x, size, epsilon))
    weight = reshaped_weight(Weight("", gamma), "depthwise_kernel", (1, 1, size, 1))
    config = {"kernel_size": [1, 1], "use_bias": False, "activation": "linear"}
    return sketch.add("DepthwiseConv2D", config, divided, name=layer.name, weights=(weight,))


def _inverse_root(sketch: Sketch, x: TensorRef, size: int, epsilon: float) -> TensorRef:
    """Return 1 / sqrt(variance + epsilon) of the last axis, which has length 1 then."""
    mean = linear_map(sketch, x, 3, np.full((size, 1), 1 / size))
    apart = sketch.add("Add", {}, x, scaled(sketch, mean, -1.0))
    known = math.sqrt(size * epsilon)
    half = sketch.add("Concatenate", {"axis": 3}, scaled(sketch, mean, 0.0, known), apart)
    whole = sketch.add("Concatenate", {"axis": 3}, half, scaled(sketch, half, -1.0))
    config = {"axis": [3], "epsilon": 0.0, "center": False, "scale": False}
    normal = sketch.add("LayerNormalization", config, whole)
    # Half of t - -t: what rounding leaves of their mean, beside large numbers, cancels out.
    half_apart = (np.eye(2 * size + 2, 1) - np.eye(2 * size + 2, 1, -size - 1)) / 2
    return linear_map(sketch, normal, 3, half_apart * math.sqrt(size / (size + 1)) / known)
