from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from tests.models import KERAS3, layer, weight
from tfjs_serve.graph import Computed, Layer, Weight
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.int8_dense import rewrite

KERNEL, BIAS, SCALE = weight("kernel", (3, 4)), weight("bias", (4,)), weight("kernel_scale", (4,))
POLICY = {"class_name": "QuantizedDTypePolicy", "config": {"mode": "int8"}}


def quantised(class_name: str, *weights: Weight) -> Layer:
    before = layer(class_name, units=4, dtype=POLICY, quantization_config={"class_name": "x"})
    return replace(before, weights=weights)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(quantised("Dense", KERNEL, BIAS), id="no scale"),
        pytest.param(quantised("EinsumDense", KERNEL, BIAS, SCALE), id="another class"),
        pytest.param(quantised("Dense", KERNEL, weight("kernel_scale", (1, 4))), id="shape"),
    ],
)
def test_other_layers_are_left_alone(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_a_kernel_is_dequantised_with_a_warning() -> None:
    before = quantised("Dense", KERNEL, BIAS, SCALE)
    result = rewrite(before, KERAS3)
    assert isinstance(result, Rewrite)
    text = "its int8 kernel is dequantised; Keras also rounds the layer's inputs to int8"
    assert result.notes == (Note(text, "a", NoteKind.ACCURACY),)
    kernel, bias = result.layer.weights
    assert (result.layer.config, bias) == ({"units": 4}, BIAS)
    values = kernel.values
    assert isinstance(values, Computed)
    assert (values.shape, values.sources) == ((3, 4), (KERNEL.values, SCALE.values))
    assert (
        values.compute(np.full((3, 4), 6.0), np.array([1, 2, 3, 6])).tolist() == [[6, 3, 2, 1]] * 3
    )
