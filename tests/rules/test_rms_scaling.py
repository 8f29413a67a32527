from __future__ import annotations

import math
from dataclasses import replace

import pytest

from tests.models import layer, refused, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer, Shape
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.rms_scaling import rewrite

ROWS = shaped((None, 3, 2))


def norm(axis: object = -1, *, epsilon: float = 0.5, shape: tuple[int, ...] = (2,)) -> Layer:
    before = layer("LayerNormalization", axis=axis, epsilon=epsilon, rms_scaling=True)
    return replace(before, weights=(weight("gamma", shape),))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization"), ROWS, id="no such field"),
        pytest.param(layer("LayerNormalization", rms_scaling=False), ROWS, id="switched off"),
        pytest.param(layer("RMSNormalization", rms_scaling=True), ROWS, id="other class"),
        pytest.param(norm(), shaped(None), id="hidden shape"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_a_file_without_gamma_is_refused() -> None:
    before = replace(norm(), weights=())
    why = "the file does not hold the weights that its config calls for"
    assert rewrite(before, ROWS) == refused(before, why)


@pytest.mark.parametrize(
    ("before", "shape"),
    [
        pytest.param(norm(epsilon=0.0), (None, 3, 2), id="nothing to stand for epsilon"),
        pytest.param(norm(0), (None, 3, 2), id="the batch axis"),
        pytest.param(norm([1, -2]), (None, 3, 2), id="an axis twice"),
        pytest.param(norm(1), (None, None, 2), id="an unknown length"),
    ],
)
def test_what_has_no_variance_to_divide_by(before: Layer, shape: Shape) -> None:
    with pytest.raises(ShapeError):
        rewrite(before, shaped(shape))


def test_the_root_of_epsilon_stands_beside_what_is_normalized() -> None:
    found = rewrite(norm(), ROWS)
    assert [class_name for _, class_name in outline(found)] == [
        *("Reshape", "Dense", "Rescaling", "Add", "Rescaling", "Concatenate", "Rescaling"),
        *("Concatenate", "LayerNormalization", "Dense", "Multiply", "DepthwiseConv2D", "Reshape"),
    ]
    # t = sqrt(2 * 0.5) = 1, and the number it comes out as is divided by sqrt(3 / 2).
    assert fields(found, "a__rescaling_5", "scale", "offset") == (0.0, 1.0)
    assert fields(found, "a__layernormalization_9", "epsilon", "axis") == (0.0, [3])
    assert values(found, "a__dense_2", "kernel") == [[0.5], [0.5]]
    half, minus = (pytest.approx(sign * math.sqrt(2 / 3) / 2) for sign in (1, -1))
    assert values(found, "a__dense_10", "kernel") == [[half], [0], [0], [minus], [0], [0]]
    assert values(found, "a", "depthwise_kernel", [5, 6]) == [[[[5], [6]]]]


@pytest.mark.parametrize(
    ("before", "shape", "ends"),
    [
        pytest.param(norm(), (None, None, None, 2), ("Dense", "DepthwiseConv2D"), id="any size"),
        pytest.param(norm(1, shape=(3,)), (None, 3, 2), ("Permute", "Permute"), id="first axis"),
        pytest.param(norm([-1, 1], shape=(2, 3)), (None, 3, 2), ("Reshape", "Reshape"), id="both"),
    ],
)
def test_axes_are_brought_to_the_end(before: Layer, shape: Shape, ends: tuple[str, str]) -> None:
    found = [class_name for _, class_name in outline(rewrite(before, shaped(shape)))]
    assert (found[0], found[-1]) == ends
