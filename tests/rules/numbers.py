"""What a lowering computes, in NumPy: the layers of tfjs that operations are lowered to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from tests.models import functional, shaped, source
from tfjs_serve.graph import (
    OPERATION_PREFIX,
    Call,
    Computed,
    Layer,
    Shape,
    TensorRef,
    Value,
    map_refs,
)
from tfjs_serve.rewriting.rule import INPUT, Context, LayerRewriter, Lowering
from tfjs_serve.rules import translate_model

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


def assert_values(
    rewrite: LayerRewriter,
    layer: Layer,
    expected: Callable[..., np.ndarray],
    *arrays: np.ndarray,
    rtol: float = 1e-5,
    atol: float = 1e-6,
) -> None:
    """Check the first output of what a rule makes of a layer, its shape as well as its values."""
    (found,) = run(rewrite, layer, *arrays)
    wanted = expected(*arrays)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def through(layer: Layer, *arrays: np.ndarray, outputs: int = 1) -> list[np.ndarray]:
    """Return what an operation computes once all rules have been at it."""
    names = [f"input_{index}" for index in range(len(arrays))]
    sources = [source(name, (None, *a.shape[1:])) for name, a in zip(names, arrays, strict=True)]
    given = dict(zip((X, Y, Z), map(TensorRef, names), strict=False))
    called = replace(layer, calls=tuple(map_refs(call, given.__getitem__) for call in layer.calls))
    made = [TensorRef("a", 0, index) for index in range(outputs)]
    model = functional([*sources, called], made, names)
    graph = translate_model(model, Context(3)).graph
    layers = tuple(item for item in graph.layers if item.class_name != "InputLayer")
    values = {TensorRef(name): array for name, array in zip(names, arrays, strict=True)}
    return computed(Lowering(layers, graph.outputs), values=values)


def computed(
    lowering: Lowering, *arrays: np.ndarray, values: dict[TensorRef, np.ndarray] | None = None
) -> list[np.ndarray]:
    """Return the outputs of a lowering, called on arrays or on named `values`."""
    given = {TensorRef(INPUT, 0, index): array for index, array in enumerate(arrays)}
    values = given | (values or {})
    for layer in lowering.layers:
        inputs = [values[ref] for ref in layer.calls[0].inputs]
        assert len(set(layer.calls[0].inputs)) == len(inputs)
        config = dict(layer.config)
        for weight in layer.weights:
            assert isinstance(weight.values, Computed)
            config[weight.name] = weight.values.compute()
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
    first = 2 if config.get("data_format") == "channels_first" else 1
    rows, columns = x.shape[first : first + 2]
    place = (slice(None),) * first
    return x[(*place, slice(a, rows - b), slice(c, columns - d))]


def _normalize(config: Mapping[str, Any], x: Any) -> Any:
    axis = config["axis"]
    axes = tuple(axis) if isinstance(axis, list) else axis
    mean = x.mean(axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + config["epsilon"])


def _dot(config: Mapping[str, Any], x: Any, y: Any) -> Any:
    one, other = config["axes"]
    return (x if one == 2 else x.swapaxes(1, 2)) @ (y if other == 1 else y.swapaxes(1, 2))


def _conv(config: Mapping[str, Any], x: Any) -> Any:
    """Return a convolution with one filter over the first axis, of one channel."""
    window = config["kernel"].reshape(-1)
    if config["padding"] == "same":
        ends = (len(window) // 2, (len(window) - 1) // 2)
        x = np.pad(x, ((0, 0), ends, *((0, 0),) * (x.ndim - 2)))
    count = x.shape[1] - len(window) + 1
    return sum(factor * x[:, i : i + count] for i, factor in enumerate(window))


def _scale(config: Mapping[str, Any], x: Any) -> Any:
    scale, offset = (np.asarray(config[key], np.float32) for key in ("scale", "offset"))
    return x.astype(np.float32) * scale + offset


def _operation(config: Mapping[str, Any], *tensors: Any) -> Any:
    """Return what a function of the companion module computes."""
    left = iter(tensors)
    args = [next(left) if value is None else np.asarray(value) for value in config["constants"]]
    axes = config.get("axes")
    with np.errstate(all="ignore"):
        made = OPERATIONS[config["operation"]](*args, **({} if axes is None else {"axes": axes}))
    return np.asarray(made, np.float32)


OPERATIONS: Mapping[str, Callable[..., Any]] = {
    "argsort": lambda x, axes: np.argsort(x, axis=axes[0], kind="stable"),
    "cumprod": lambda x, axes: np.cumprod(x, axis=axes[0]),
    "cumsum": lambda x, axes: np.cumsum(x, axis=axes[0]),
    "dividenonan": lambda x, y: np.where(y == 0, 0, x / y),
    "flip": lambda x, axes: np.flip(x, axes[0]),
    "gather": lambda x, places, axes: (
        np.take_along_axis(x, places.astype(int), axes[0])
        if axes[0] == x.ndim - 1
        else np.stack([a.take(i, axes[0] - 1) for a, i in zip(x, places.astype(int), strict=True)])
    ),
    "isnan": np.isnan,
    "matmul": np.matmul,
    "isneginf": np.isneginf,
    "isposinf": np.isposinf,
    "power": np.power,
    "prod": lambda x, axes: np.prod(x, axis=tuple(axes)),
    "quotient": np.divide,
    "round": np.round,
    "sort": lambda x, axes: np.sort(x, axis=axes[0]),
    "sqrt": np.sqrt,
    "trunc": np.trunc,
    "where": np.where,
}


LAYERS: Mapping[str, Callable[..., Any]] = {
    "Activation": lambda config, x: ACTIVATIONS[config["activation"]](x),
    "Add": lambda config, *xs: sum(xs),
    "Concatenate": lambda config, *xs: np.concatenate(xs, config["axis"]),
    "Conv1D": _conv,
    "Conv2D": _conv,
    "Cropping2D": _crop,
    "Dense": lambda config, x: x @ config["kernel"] + config.get("bias", 0),
    "Dot": _dot,
    "Flatten": lambda config, x: x.reshape(len(x), -1),
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
    "TfjsServeOperation": _operation,
    "ThresholdedReLU": lambda config, x: np.where(x > config["theta"], x, 0),
    "ZeroPadding2D": lambda config, x: np.pad(x, ((0, 0), *config["padding"], (0, 0))),
}
