from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.report import NoteKind
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.locally_connected import rewrite

LINE, IMAGE = (None, 4, 2), (None, 3, 3, 1)


def line(**config: Any) -> Layer:
    """Return a layer of 3 places, 2 inputs wide, with 2 filters."""
    fields: dict[str, Any] = {"filters": 2, "kernel_size": [2], "activation": "relu", **config}
    weights = (weight("kernel", (3, 4, 2)), weight("bias", (3, 2)))
    return replace(layer("LocallyConnected1D", **fields), weights=weights)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv1D"), id="other class"),
        pytest.param(layer("LocallyConnected1D", filters=2), id="no weights"),
    ],
)
def test_nothing_to_write_as_a_matrix(before: Layer) -> None:
    assert rewrite(before, shaped(LINE)) is None


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        pytest.param(line(data_format="channels_first"), LINE, id="channels first"),
        pytest.param(line(), (None, None, 2), id="unknown length"),
        pytest.param(line(implementation=2), LINE, id="kernel of all pairs"),
        pytest.param(line(padding="same", implementation=3), LINE, id="padded"),
        pytest.param(line(), (None, 3000, 2), id="too big"),
    ],
)
def test_what_is_refused(before: Layer, shape: Shape) -> None:
    assert isinstance(rewrite(before, shaped(shape)), Refusal)


def test_a_line_is_a_dense_with_zeros() -> None:
    result = rewrite(line(), shaped(LINE))
    assert outline(result) == [("a__flat", "Flatten"), ("a", "Dense"), ("a__places", "Reshape")]
    assert fields(result, "a", "units", "use_bias", "activation") == (6, True, "relu")
    assert fields(result, "a__places", "target_shape") == ([3, 2],)
    kernel, bias = np.arange(1.0, 25).reshape(3, 4, 2), np.arange(6.0).reshape(3, 2)
    x = np.arange(8.0).reshape(4, 2) / 7
    matrix = np.asarray(values(result, "a", "kernel", kernel))
    wanted = [x[i : i + 2].reshape(-1) @ kernel[i] for i in range(3)]
    np.testing.assert_allclose(x.reshape(-1) @ matrix, np.concatenate(wanted), rtol=1e-6)
    assert (matrix != 0).sum() == kernel.size
    assert values(result, "a", "bias", bias) == [0, 1, 2, 3, 4, 5]
    assert isinstance(result, Lowering)
    assert [note.kind for note in result.notes] == [NoteKind.TRAINING]


def test_an_image_with_strides() -> None:
    config: dict[str, Any] = {
        "filters": 1,
        "kernel_size": [2, 2],
        "strides": [1, 1],
        "use_bias": False,
    }
    before = layer("LocallyConnected2D", **config)
    before = replace(before, weights=(weight("kernel", (4, 4, 1)),))
    result = rewrite(before, shaped(IMAGE))
    kernel, x = np.arange(1.0, 17).reshape(4, 4, 1), np.arange(9.0).reshape(3, 3)
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    wanted = [
        float(x[r : r + 2, c : c + 2].reshape(-1) @ kernel[i, :, 0])
        for i, (r, c) in enumerate(corners)
    ]
    matrix = np.asarray(values(result, "a", "kernel", kernel))
    assert (x.reshape(-1) @ matrix).tolist() == wanted
