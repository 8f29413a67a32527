from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import functional, layer, source, weight
from tfjs_serve.graph import Computed, Graph, Layer
from tfjs_serve.rewriting.rule import Context, GraphRewrite
from tfjs_serve.rules.theano_kernels import rewrite

THEANO = Context(2, backend="theano")
CONV = replace(
    layer("Conv2D", kernel_size=[3, 2], strides=[1, 1], padding="valid"),
    weights=(weight("kernel", (3, 2, 1, 1)), weight("bias", (1,))),
)


def model(*layers: Layer) -> Graph:
    return functional([source(), *layers], ["a"])


@pytest.mark.parametrize("backend", [None, "tensorflow", "cntk", "jax"])
def test_kernels_of_other_backends_stay(backend: str | None) -> None:
    assert rewrite(model(CONV), Context(2, backend=backend)) is None


def test_a_model_without_kernels_stays() -> None:
    pool = layer("MaxPooling2D", pool_size=[3, 3], strides=[1, 1], padding="same")
    dense = replace(layer("Dense", "b"), weights=(weight("kernel", (3, 2)),))
    assert rewrite(model(pool, dense), THEANO) is None


def test_kernels_are_flipped_inside_wrappers_too() -> None:
    wrapped = replace(layer("TimeDistributed", "each"), parts={"layer": CONV})
    result = rewrite(model(CONV, wrapped), THEANO)
    assert isinstance(result, GraphRewrite)
    assert result.notes == ()
    kernel, bias = result.graph.layer("a").weights
    assert bias == CONV.weights[1]
    assert isinstance(kernel.values, Computed)
    array = np.arange(6).reshape(3, 2, 1, 1)
    assert kernel.values.compute(array)[..., 0, 0].tolist() == [[5, 4], [3, 2], [1, 0]]
    assert result.graph.layer("each").parts["layer"] == result.graph.layer("a")


@pytest.mark.parametrize(
    ("class_name", "config", "is_told"),
    [
        ("Conv2D", {"kernel_size": [3, 3], "strides": [1, 1], "padding": "same"}, False),
        ("Conv2D", {"kernel_size": [3, 3], "strides": [2, 1], "padding": "same"}, True),
        ("Conv1D", {"kernel_size": [2], "strides": [1], "padding": "same"}, True),
        ("AveragePooling2D", {"pool_size": [2, 2], "strides": [2, 2], "padding": "same"}, True),
        ("MaxPooling1D", {"pool_size": [2], "strides": [2], "padding": "valid"}, False),
    ],
)
def test_uneven_pads_are_told_of(class_name: str, config: dict[str, Any], is_told: bool) -> None:
    result = rewrite(model(CONV, layer(class_name, "b", **config)), THEANO)
    assert isinstance(result, GraphRewrite)
    assert [note.layer for note in result.notes] == (["b"] if is_told else [])
    assert all("pads 'same' windows evenly" in note.text for note in result.notes)
