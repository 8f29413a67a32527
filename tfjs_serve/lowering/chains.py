"""Chains of layers, computed weights and maps along axes: what lowerings are made of.

The layers of a chain are Keras's as well as tfjs's: the rules run on each of them again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.graph import Call, Computed, Layer, TensorRef, Values, Weight
from tfjs_serve.rewriting.rule import INPUT, Lowering

Matrix = npt.NDArray[np.float32]


def step(
    layer: Layer,
    what: str,
    class_name: str,
    config: Mapping[str, Any],
    weights: Sequence[Weight] = (),
) -> Layer:
    """Return a layer called `<layer>__<what>`, or as `layer` itself when `what` is empty."""
    name = f"{layer.name}__{what}" if what else layer.name
    fields = {"trainable": layer.config.get("trainable", True), **config}
    return Layer(name, class_name, fields, weights=tuple(weights))


def chain(*layers: Layer) -> Lowering:
    """Return the lowering in which every layer is called on what the one before makes."""
    refs = [TensorRef(INPUT), *(TensorRef(layer.name) for layer in layers)]
    called = tuple(
        replace(layer, calls=(Call((ref,)),)) for layer, ref in zip(layers, refs, strict=False)
    )
    return Lowering(called, (refs[-1],))


def reshape(layer: Layer, what: str, *lengths: int) -> Layer:
    """Return a step that reshapes; one length may be -1."""
    return step(layer, what, "Reshape", {"target_shape": list(lengths)})


def permute(layer: Layer, what: str, *dims: int) -> Layer:
    """Return a step that reorders axes, which count from 1."""
    return step(layer, what, "Permute", {"dims": list(dims)})


def reshaped_weight(weight: Weight, name: str, shape: tuple[int, ...]) -> Weight:
    """Return a weight with the same values in the same order in another shape."""

    def compute(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        return values.reshape(shape)

    return Weight(name, Computed(shape, (weight.values,), compute, ("reshape",)))


def constant(name: str, values: npt.NDArray[Any]) -> Weight:
    """Return a weight that comes from no stored one."""
    array = np.ascontiguousarray(values, dtype=np.float32)
    digest = hashlib.sha256(array.tobytes()).hexdigest()
    return Weight(name, Computed(array.shape, (), lambda: array, ("constant", digest)))


def values_of(layer: Layer, name: str) -> Values | None:
    """Return the values of a layer's weight; None when the file holds none that fit it."""
    found = (weight.values for weight in layer.weights if weight.name == name)
    return next(found, None)


def linear_maps(layer: Layer, rank: int, maps: Mapping[int, Matrix]) -> tuple[Layer, ...]:
    """Return steps that multiply axes by matrices, by frozen Dense layers without bias.

    maps: a matrix [old length, new length] for each axis, which count from 1 to rank - 1.
    """
    order = list(range(1, rank))
    steps: list[Layer] = []

    def reorder(wanted: list[int]) -> None:
        nonlocal order
        if wanted != order:
            dims = [order.index(axis) + 1 for axis in wanted]
            steps.append(permute(layer, f"permute_{len(steps) + 1}", *dims))
            order = wanted

    for axis, matrix in maps.items():
        if _is_identity(matrix):
            continue
        reorder([*(other for other in order if other != axis), axis])
        config = {
            "units": matrix.shape[1],
            "activation": "linear",
            "use_bias": False,
            "trainable": False,
        }
        steps.append(step(layer, f"axis_{axis}", "Dense", config, (constant("kernel", matrix),)))
    reorder(sorted(order))
    return tuple(steps)


def finished(layer: Layer, *steps: Layer) -> Lowering:
    """Return a chain whose last layer has the name of the one it stands for."""
    if not steps:
        return chain(step(layer, "", "Activation", {"activation": "linear"}))
    return chain(*steps[:-1], replace(steps[-1], name=layer.name))


def _is_identity(matrix: Matrix) -> bool:
    return matrix.shape[0] == matrix.shape[1] and bool((matrix == np.eye(len(matrix))).all())
