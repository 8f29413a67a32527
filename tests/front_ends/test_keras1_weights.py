"""Weights of Keras 1 in the shapes of Keras 2."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.front_ends.configs import model, sequential
from tests.models import functional, layer, nested, on, source, stored
from tfjs_serve.front_ends.keras1_weights import bind_keras1
from tfjs_serve.graph import Computed, Layer, Values, Weight
from tfjs_serve.keras_files.model import StoredWeight

UNITS = 2


def bound(before: Layer, shapes: Sequence[tuple[int, ...]]) -> Layer:
    """Return a layer with weights called 0, 1, ... of these shapes."""
    weights = [stored(str(i), shape, before.name) for i, shape in enumerate(shapes)]
    (after,) = bind_keras1([before], model(sequential(), "1.2.2", weights))
    return after


def parts(values: Values) -> Any:
    """Return which stored weights values come from, in order."""
    return values.name if isinstance(values, StoredWeight) else [parts(x) for x in values.sources]


def computed(values: Values, arrays: dict[str, Any]) -> Any:
    if isinstance(values, StoredWeight):
        return arrays[values.name]
    made = values.compute(*(computed(source, arrays) for source in values.sources))
    assert made.shape == values.shape
    return made


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_layer_with_another_number_of_weights_stays_without(count: int) -> None:
    assert bound(layer("Dense"), [(2, 2)] * count).weights == ()


def test_plain_weights_are_in_order() -> None:
    after = bound(layer("BatchNormalization"), [(2,)] * 4)
    assert [(w.name, parts(w.values)) for w in after.weights] == [
        ("gamma", "0"),
        ("beta", "1"),
        ("moving_mean", "2"),
        ("moving_variance", "3"),
    ]


@pytest.mark.parametrize(
    ("class_name", "kernel", "recurrent", "bias"),
    [
        ("LSTM", ["0", "6", "3", "9"], ["1", "7", "4", "10"], ["2", "8", "5", "11"]),
        ("GRU", ["0", "3", "6"], ["1", "4", "7"], ["2", "5", "8"]),
    ],
)
def test_gates_are_put_together(
    class_name: str, kernel: list[str], recurrent: list[str], bias: list[str]
) -> None:
    shapes = [(3, UNITS), (UNITS, UNITS), (UNITS,)] * len(kernel)
    after = bound(layer(class_name, implementation=0), shapes)
    assert {w.name: parts(w.values) for w in after.weights} == {
        "kernel": kernel,
        "recurrent_kernel": recurrent,
        "bias": bias,
    }
    assert [w.shape[-1] for w in after.weights] == [UNITS * len(kernel)] * 3
    arrays = {str(i): np.full(shape, i) for i, shape in enumerate(shapes)}
    made = computed(after.weights[2].values, arrays)
    assert made.tolist() == [int(name) for name in bias for _ in range(UNITS)]


def test_fused_gates_are_left() -> None:
    after = bound(layer("LSTM", implementation=2), [(3, 8), (2, 8), (8,)])
    assert [parts(w.values) for w in after.weights] == ["0", "1", "2"]


KERNELS = [
    ("Conv1D", {"kernel_size": [3], "filters": 5}, (3, 1, 4, 5), (3, 4, 5), (0, 2, 3)),
    ("Conv1D", {"kernel_size": [3], "filters": 5}, (5, 4, 3, 1), (3, 4, 5), (2, 1, 0)),
    ("Conv2D", {"data_format": "channels_first"}, (5, 4, 2, 3), (2, 3, 4, 5), (2, 3, 1, 0)),
    ("Conv2D", {"data_format": "channels_last"}, (2, 3, 4, 5), (2, 3, 4, 5), None),
    ("Conv3D", {"data_format": "channels_first"}, (5, 4, 2, 3, 1), (2, 3, 1, 4, 5), None),
    ("Conv2DTranspose", {"data_format": "channels_last"}, (2, 3, 4, 5), (2, 3, 5, 4), None),
    ("Conv2DTranspose", {"data_format": "channels_first"}, (5, 4, 2, 3), (2, 3, 5, 4), None),
]


@pytest.mark.parametrize(("class_name", "config", "old", "new", "axes"), KERNELS)
def test_kernels_have_the_axes_of_keras2(
    class_name: str,
    config: dict[str, Any],
    old: tuple[int, ...],
    new: tuple[int, ...],
    axes: tuple[int, ...] | None,
) -> None:
    kernel, bias = bound(layer(class_name, **config), [old, (5,)]).weights
    assert (kernel.shape, parts(bias.values)) == (new, "1")
    array = np.arange(np.prod(old)).reshape(old)
    made = computed(kernel.values, {"0": array})
    assert made.shape == new
    if axes is not None and class_name != "Conv1D":
        assert made.tolist() == array.transpose(axes).tolist()
    if class_name == "Conv1D":
        squeezed = array[:, 0] if old[1] == 1 else array[..., 0].transpose(2, 1, 0)
        assert made.tolist() == squeezed.tolist()


def test_a_frozen_layer_comes_last_in_a_model() -> None:
    a, b = layer("Dense", "a", trainable=False, use_bias=False), layer("Dense", "b", use_bias=False)
    norm = layer("BatchNormalization", "n")
    inner = nested("m", functional([source(), a, norm, b], ["b"]), on("x"))
    after = bound(inner, [(1,)] * 6)
    assert after.graph is not None
    found = {item.name: [parts(w.values) for w in item.weights] for item in after.graph.layers[1:]}
    assert found == {"a": ["3"], "n": ["0", "1", "4", "5"], "b": ["2"]}


def test_both_directions_have_weights_of_their_own() -> None:
    rnn = layer("SimpleRNN", "r")
    after = bound(replace(layer("Bidirectional"), parts={"layer": rnn}), [(2, 2)] * 6)
    found = {field: [parts(w.values) for w in part.weights] for field, part in after.parts.items()}
    assert found == {"layer": ["0", "1", "2"], "backward_layer": ["3", "4", "5"]}


def test_kernels_are_turned_before_their_gates_are_joined() -> None:
    before = layer("ConvLSTM2D", data_format="channels_first")
    shapes = [(5, 4, 2, 3), (5, 5, 2, 3), (5,)] * 4
    kernel, recurrent, bias = bound(before, shapes).weights
    assert (kernel.shape, recurrent.shape, bias.shape) == ((2, 3, 4, 20), (2, 3, 5, 20), (20,))
    assert isinstance(kernel.values, Computed)
    assert kernel == Weight("kernel", kernel.values)
