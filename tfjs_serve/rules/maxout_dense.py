"""A MaxoutDense becomes one Dense for all of its features, and their maximum.

Before: MaxoutDense {"output_dim": u, "nb_feature": n}, W [n, f, u], b [n, u]
After:  Dense {"units": n * u}, Reshape [n, u], GlobalMaxPooling1D

A class of Keras 1, which Keras kept until 2.3 (keras/legacy/layers.py).
"""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.lowering.chains import finished, reshape, reshaped_weight, step
from tfjs_serve.rewriting.rule import Context, Lowering

CLASSES = ("MaxoutDense",)


def rewrite(layer: Layer, context: Context) -> Lowering | None:
    """Compute all features side by side and take the largest of each unit."""
    stored = {weight.name: weight for weight in layer.weights}
    if len(context.shapes) != 1:
        return None
    if layer.class_name not in CLASSES or "W" not in stored or len(stored["W"].shape) != 3:
        return None
    kernel = stored["W"]
    features, channels, units = kernel.shape

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values.transpose(1, 0, 2).reshape(channels, -1)

    shape = (channels, features * units)
    weights = [Weight("kernel", Computed(shape, (kernel.values,), compute, ("maxout",)))]
    if "b" in stored:
        weights.append(reshaped_weight(stored["b"], "bias", (features * units,)))
    config = {"units": features * units, "activation": "linear", "use_bias": "b" in stored}
    return finished(
        layer,
        step(layer, "features", "Dense", config, weights),
        reshape(layer, "by_feature", features, units),
        step(layer, "", "GlobalMaxPooling1D", {}),
    )
