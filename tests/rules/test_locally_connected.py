from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.layers_format.catalog.spec import ShapeError
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
        pytest.param(line(), (None, None, 2), id="unknown length"),
        pytest.param(line(), (None, 4), id="other rank"),
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


def of(kernel: tuple[int, ...], **config: Any) -> Layer:
    fields: dict[str, Any] = {"filters": 2, "kernel_size": [2], "use_bias": False, **config}
    return replace(layer("LocallyConnected1D", **fields), weights=(weight("kernel", kernel),))


@pytest.mark.parametrize("implementation", [1, 2, 3])
def test_a_kernel_of_another_size(implementation: int) -> None:
    with pytest.raises(ShapeError, match="needs a kernel of"):
        rewrite(of((5,), implementation=implementation), shaped(LINE))


def test_of_a_kernel_of_all_pairs_those_that_see_each_other_stay() -> None:
    result = rewrite(of((4, 2, 3, 2), implementation=2), shaped(LINE))
    kernel = np.arange(1.0, 49).reshape(4, 2, 3, 2)
    matrix = np.asarray(values(result, "a", "kernel", kernel)).reshape(4, 2, 3, 2)
    seen = np.array([[1, 0, 0], [1, 1, 0], [0, 1, 1], [0, 0, 1]])
    assert (matrix == kernel * seen[:, None, :, None]).all()


def test_pairs_that_see_each_other_come_by_output_then_by_input() -> None:
    # "same" has the middle of the window on the place: the first one sees one input alone.
    result = rewrite(of((14,), implementation=3, filters=1, padding="same"), shaped(LINE))
    assert fields(result, "a__places", "target_shape") == ([4, 1],)
    kernel = np.arange(1.0, 15)
    matrix = np.asarray(values(result, "a", "kernel", kernel))
    columns = [column[column != 0].tolist() for column in matrix.T]
    assert columns == [[1, 2], [3, 4, 5, 6], [7, 8, 9, 10], [11, 12, 13, 14]]


def test_channels_first() -> None:
    before = of((3, 4, 2), data_format="channels_first")
    before = replace(before, weights=(*before.weights, weight("bias", (3, 2))))
    result = rewrite(before, shaped((None, 2, 4)))
    assert fields(result, "a__places", "target_shape") == ([2, 3],)
    kernel, bias = np.arange(1.0, 25).reshape(3, 4, 2), np.arange(6.0).reshape(3, 2)
    x = np.arange(8.0).reshape(2, 4) / 7
    matrix = np.asarray(values(result, "a", "kernel", kernel))
    wanted = [x[:, i : i + 2].reshape(-1) @ kernel[i] for i in range(3)]
    made = (x.reshape(-1) @ matrix).reshape(2, 3)
    np.testing.assert_allclose(made, np.stack(wanted, axis=1), rtol=1e-6)
    assert values(result, "a", "bias", bias) == [0, 1, 2, 3, 4, 5]
