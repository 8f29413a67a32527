"""Activations that tfjs lacks, as the layers that compute them.

The formulas are those of keras/src/ops/nn.py and keras/src/activations/activations.py, 3.15.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from tfjs_serve.graph import TensorRef
from tfjs_serve.layers_format.catalog.companion import OPERATION
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.lowering import tensor_parts
from tfjs_serve.lowering.arithmetic import exponential, raised
from tfjs_serve.rewriting.sketch import Sketch

Formula: TypeAlias = Callable[[Sketch, TensorRef, str, float], TensorRef]
"""A sketch, its input, the name of the last layer, the parameter -> the result."""


def _hard_sigmoid(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    bounded = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, 1.0, 3.0), "relu6")
    return tensor_parts.scaled(sketch, bounded, 1 / 6, name=name)


def _hard_silu(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    gate = _hard_sigmoid(sketch, x, f"{name}__gate", _)
    return sketch.add("Multiply", {}, x, gate, name=name)


def _hard_tanh(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    bounded = sketch.add("ReLU", {"max_value": 2.0}, tensor_parts.scaled(sketch, x, 1.0, 1.0))
    return tensor_parts.scaled(sketch, bounded, 1.0, -1.0, name)


def _sparse_sigmoid(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    return sketch.add(
        "ReLU", {"max_value": 1.0}, tensor_parts.scaled(sketch, x, 0.5, 0.5), name=name
    )


def _sparse_plus(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    bounded = sketch.add("ReLU", {"max_value": 2.0}, tensor_parts.scaled(sketch, x, 1.0, 1.0))
    square = raised(sketch, bounded, 2, f"{name}__square")
    above = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, 1.0, -1.0), "relu")
    return sketch.add("Add", {}, tensor_parts.scaled(sketch, square, 0.25), above, name=name)


def _leaky_relu(sketch: Sketch, x: TensorRef, name: str, slope: float) -> TensorRef:
    return sketch.add("LeakyReLU", {"alpha": slope}, x, name=name)


def _elu(sketch: Sketch, x: TensorRef, name: str, alpha: float) -> TensorRef:
    below = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, -1.0), "relu")
    curve = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, below, -1.0), "elu")
    above = tensor_parts.activated(sketch, x, "relu")
    return sketch.add("Add", {}, above, tensor_parts.scaled(sketch, curve, alpha), name=name)


def _celu(sketch: Sketch, x: TensorRef, name: str, alpha: float) -> TensorRef:
    below = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, -1.0 / alpha), "relu")
    curve = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, below, -1.0), "elu")
    above = tensor_parts.activated(sketch, x, "relu")
    return sketch.add("Add", {}, above, tensor_parts.scaled(sketch, curve, alpha), name=name)


def _tanh_shrink(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    curve = tensor_parts.scaled(sketch, tensor_parts.activated(sketch, x, "tanh"), -1.0)
    return sketch.add("Add", {}, x, curve, name=name)


def _soft_shrink(sketch: Sketch, x: TensorRef, name: str, threshold: float) -> TensorRef:
    above = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, 1.0, -threshold), "relu")
    below = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, -1.0, -threshold), "relu")
    return sketch.add("Add", {}, above, tensor_parts.scaled(sketch, below, -1.0), name=name)


def _hard_shrink(sketch: Sketch, x: TensorRef, name: str, threshold: float) -> TensorRef:
    theta = {"theta": threshold}
    above = sketch.add("ThresholdedReLU", theta, x)
    below = sketch.add("ThresholdedReLU", theta, tensor_parts.scaled(sketch, x, -1.0))
    return sketch.add("Add", {}, above, tensor_parts.scaled(sketch, below, -1.0), name=name)


def _log_sigmoid(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    curve = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, x, -1.0), "softplus")
    return tensor_parts.scaled(sketch, curve, -1.0, name=name)


def _glu(sketch: Sketch, x: TensorRef, name: str, axis: float) -> TensorRef:
    shape = sketch.shape(x)
    place = int(axis) + len(shape) if axis < 0 else int(axis)
    size = shape[place] if 0 < place < len(shape) else None
    if size is None or size % 2:
        raise ShapeError(f"cannot halve axis {axis} of {shape}")
    value = tensor_parts.sliced(sketch, x, place, 0, size // 2)
    gate = tensor_parts.activated(
        sketch, tensor_parts.sliced(sketch, x, place, size // 2, size), "sigmoid"
    )
    return sketch.add("Multiply", {}, value, gate, name=name)


def _gelu_tanh(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    cube = tensor_parts.scaled(sketch, raised(sketch, x, 3, f"{name}__cube"), 0.044715)
    inner = sketch.add("Add", {}, x, cube)
    slope = 2 * math.sqrt(2 / math.pi)  # (1 + tanh(t)) / 2 = sigmoid(2 t)
    gate = tensor_parts.activated(sketch, tensor_parts.scaled(sketch, inner, slope), "sigmoid")
    return sketch.add("Multiply", {}, x, gate, name=name)


def _threshold(sketch: Sketch, x: TensorRef, name: str, threshold: float) -> TensorRef:
    return sketch.add("ThresholdedReLU", {"theta": threshold}, x, name=name)


def _squareplus(sketch: Sketch, x: TensorRef, name: str, b: float) -> TensorRef:
    square = tensor_parts.scaled(sketch, raised(sketch, x, 2, f"{name}__square"), 1.0, b)
    root = sketch.add(OPERATION, {"operation": "sqrt", "constants": [None]}, square)
    return tensor_parts.scaled(sketch, sketch.add("Add", {}, x, root), 0.5, name=name)


def _exponential(sketch: Sketch, x: TensorRef, name: str, _: float) -> TensorRef:
    return exponential(sketch, x, name)


FORMULAS: Mapping[str, tuple[Formula, float]] = MappingProxyType(
    {
        "celu": (_celu, 1.0),
        "elu": (_elu, 1.0),
        "exponential": (_exponential, 0.0),
        "gelu_tanh": (_gelu_tanh, 0.0),
        "glu": (_glu, -1),
        "hard_shrink": (_hard_shrink, 0.5),
        "hard_sigmoid": (_hard_sigmoid, 0.0),
        "hard_silu": (_hard_silu, 0.0),
        "hard_swish": (_hard_silu, 0.0),
        "hard_tanh": (_hard_tanh, 0.0),
        "leaky_relu": (_leaky_relu, 0.2),
        "log_sigmoid": (_log_sigmoid, 0.0),
        "soft_shrink": (_soft_shrink, 0.5),
        "sparse_plus": (_sparse_plus, 0.0),
        "sparse_sigmoid": (_sparse_sigmoid, 0.0),
        "squareplus": (_squareplus, 4.0),
        "tanh_shrink": (_tanh_shrink, 0.0),
        "threshold": (_threshold, 0.0),
    }
)
"""Name of an activation -> its layers, and the parameter Keras takes by default."""
