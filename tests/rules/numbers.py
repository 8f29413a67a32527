"""What a lowering computes, in NumPy: the layers of tfjs that operations are lowered to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tests.models import shaped
from tfjs_serve.graph import OPERATION_PREFIX, Call, Computed, Layer, Shape, TensorRef, Value
from tfjs_serve.rewriting.rule import INPUT, Context, LayerRewriter, Lowering

X, Y, Z = (TensorRef(INPUT, 0, index) for index in range(3))

RNG = np.random.default_rng(7)


def op(name: str, *args: Value, **config: Any) -> Layer:
    """Return an operation called once, as a rule sees it."""
    return Layer("a", OPERATION_PREFIX + name, config, (Call(args),))


def draw(*shape: int) -> np.ndarray:
    """Return random numbers for a batch of 2."""
    return RNG.uniform(-2.5, 2.5, (2, *shape)).astype(np.float32)


def seen(layer: Layer, *shapes: Shape) -> Context:
    """Return what a rule knows of a layer, given the shapes of X, Y and Z."""
    return shaped(*(shapes[ref.output] for ref in layer.calls[0].inputs if ref.layer == INPUT))


def run(rewrite: LayerRewriter, layer: Layer, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of what a rule makes of a layer; the batch size is not told to it."""
    shapes: list[Shape] = [(None, *array.shape[1:]) for array in arrays]
    lowering = rewrite(layer, seen(layer, *shapes))
    assert isinstance(lowering, Lowering), lowering
    names = [part.name for part in lowering.layers]
    assert len(set(names)) == len(names)
    assert all(name == "a" or name.startswith("a__") for name in names)
    return computed(lowering, *arrays)


def computed(lowering: Lowering, *arrays: np.ndarray) -> list[np.ndarray]:
    """Return the outputs of a lowering."""
    values = {TensorRef(INPUT, 0, index): array for index, array in enumerate(arrays)}
    for layer in lowering.layers:
        inputs = [values[ref] for ref in layer.calls[0].inputs]
        assert len(set(layer.calls[0].inputs)) == len(inputs)
        config = dict(layer.config)
        if layer.weights:
            (weight,) = layer.weights
            assert isinstance(weight.values, Computed)
            config["kernel"] = weight.values.compute()
        values[TensorRef(layer.name)] = LAYERS[layer.class_name](config, *inputs)
    return [values[ref] for ref in lowering.outputs]


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


ACTIVATIONS: Mapping[str, Callable[[Any], Any]] = {
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "linear": lambda x: x,
    "log_softmax": lambda x: x - np.log(np.exp(x).sum(-1, keepdims=True)),
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "sigmoid": _sigmoid,
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(-1, keepdims=True),
    "softplus": lambda x: np.log1p(np.exp(x)),
    "tanh": np.tanh,
}


def _crop(config: Mapping[str, Any], x: Any) -> Any:
    (a, b), (c, d) = config["cropping"]
    return x[:, a : x.shape[1] - b, c : x.shape[2] - d]


def _normalize(config: Mapping[str, Any], x: Any) -> Any:
    assert config["axis"] == 2
    mean = x.mean(2, keepdims=True)
    variance = ((x - mean) ** 2).mean(2, keepdims=True)
    return (x - mean) / np.sqrt(variance + config["epsilon"])


def _dot(config: Mapping[str, Any], x: Any, y: Any) -> Any:
    one, other = config["axes"]
    return (x if one == 2 else x.swapaxes(1, 2)) @ (y if other == 1 else y.swapaxes(1, 2))


def _scale(config: Mapping[str, Any], x: Any) -> Any:
    scale, offset = (np.asarray(config[key], np.float32) for key in ("scale", "offset"))
    return x.astype(np.float32) * scale + offset


LAYERS: Mapping[str, Callable[..., Any]] = {
    "Activation": lambda config, x: ACTIVATIONS[config["activation"]](x),
    "Add": lambda config, *xs: sum(xs),
    "Concatenate": lambda config, *xs: np.concatenate(xs, config["axis"]),
    "Cropping2D": _crop,
    "Dense": lambda config, x: x @ config["kernel"],
    "Dot": _dot,
    "GlobalAveragePooling1D": lambda config, x: x.mean(1),
    "GlobalMaxPooling1D": lambda config, x: x.max(1),
    "LayerNormalization": _normalize,
    "LeakyReLU": lambda config, x: np.where(x > 0, x, config["alpha"] * x),
    "Maximum": lambda config, x, y: np.maximum(x, y),
    "Minimum": lambda config, x, y: np.minimum(x, y),
    "Multiply": lambda config, x, y: x * y,
    "Permute": lambda config, x: x.transpose(0, *config["dims"]),
    "ReLU": lambda config, x: np.clip(x, 0, config["max_value"]),
    "Rescaling": _scale,
    "Reshape": lambda config, x: x.reshape(len(x), *config["target_shape"]),
    "ThresholdedReLU": lambda config, x: np.where(x > config["theta"], x, 0),
    "ZeroPadding2D": lambda config, x: np.pad(x, ((0, 0), *config["padding"], (0, 0))),
}
