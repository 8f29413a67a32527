from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from tests.models import KERAS3, layer, shaped, weight
from tests.rules.spatial import computed, steps
from tfjs_serve.graph import Call, Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering
from tfjs_serve.rules.conv3d_transpose import rewrite

SHAPE = shaped((None, 2, 3, 4, 5))


def of(*, class_name: str = "Conv3DTranspose", **config: Any) -> Layer:
    fields = {"filters": 1, "kernel_size": 2, "strides": 2, **config}
    return replace(layer(class_name, **fields), calls=(Call((TensorRef(INPUT),)),))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(of(class_name="Conv3D"), SHAPE, id="right in tfjs"),
        pytest.param(of(), KERAS3, id="no shape"),
        pytest.param(of(), shaped(None), id="hidden shape"),
        pytest.param(of(), shaped((None, 3, 4, 5)), id="other rank"),
        pytest.param(of(), shaped((None, None, 3, 4, 5)), id="any depth"),
        pytest.param(of(), shaped((None, 2, 3, None, 5)), id="any width"),
        pytest.param(of(dilation_rate=[1, 2, 1]), SHAPE, id="dilated"),
        pytest.param(of(output_padding=[1, 1, 1]), SHAPE, id="output padding"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_a_step_of_one_place_needs_no_spreading() -> None:
    result = rewrite(of(kernel_size=[1, 3, 2], strides=1, padding="same"), SHAPE)
    assert steps(result, "padding", "cropping", "filters", "kernel_size", "strides") == [
        ("a__pad", "ZeroPadding3D", {"padding": [[0, 0], [2, 2], [1, 1]]}),
        (
            *("a", "Conv3D"),
            {"padding": "valid", "filters": 1, "kernel_size": [1, 3, 2], "strides": [1, 1, 1]},
        ),
        ("a__crop", "Cropping3D", {"cropping": [[0, 0], [1, 1], [0, 1]]}),
    ]
    assert isinstance(result, Lowering)
    assert result.notes == ()


def test_channels_become_places() -> None:
    before = of(filters=2, kernel_size=[2, 1, 3], strides=[2, 1, 3], activation="softmax")
    result = rewrite(before, SHAPE)
    assert steps(result, "filters", "target_shape", "dims", "activation") == [
        ("a", "Conv3D", {"filters": 12, "activation": "linear"}),
        ("a__rows", "Reshape", {"target_shape": [6, 4, 2, 6]}),
        ("a__columns", "Permute", {"dims": [1, 3, 2, 4]}),
        ("a__planes", "Reshape", {"target_shape": [2, 3, 2, 24]}),
        ("a__slices", "Permute", {"dims": [1, 3, 2, 4]}),
        ("a__space", "Reshape", {"target_shape": [4, 3, 12, 2]}),
        ("a__activation", "Activation", {"activation": "softmax"}),
    ]
    assert isinstance(result, Lowering)
    text = "has a bias for each of 6 places now: equal until it is trained further"
    assert result.notes == (Note(text, "a", NoteKind.TRAINING),)


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("window", "strides"),
    [((2, 2, 2), (2, 2, 2)), ((3, 2, 4), (1, 3, 2)), ((1, 3, 2), (2, 2, 1))],
)
def test_the_sums_are_those_of_the_transposed_convolution(
    window: tuple[int, ...], strides: tuple[int, ...], padding: str
) -> None:
    rng = np.random.default_rng(3)
    x = rng.uniform(-1, 1, (2, 3, 4, 5))
    kernel, bias = rng.uniform(-1, 1, (*window, 2, 5)), rng.uniform(-1, 1, 2)
    before = of(filters=2, kernel_size=list(window), strides=list(strides), padding=padding)
    before = replace(before, weights=(weight("kernel", kernel.shape), weight("bias", (2,))))
    found = _run(rewrite(before, SHAPE), x, kernel, bias)
    np.testing.assert_allclose(found, _transposed(x, kernel, strides, padding) + bias, atol=1e-12)


def _transposed(
    x: npt.NDArray[Any], kernel: npt.NDArray[Any], strides: tuple[int, ...], padding: str
) -> npt.NDArray[Any]:
    """Return what Keras computes: every value of x adds its multiple of the kernel."""
    window = kernel.shape[:3]
    axes = list(zip(x.shape, window, strides, strict=False))
    whole = np.zeros([(n - 1) * s + max(k, s) for n, k, s in axes] + [kernel.shape[3]])
    for place in np.ndindex(*x.shape[:3]):
        corner = [p * s for p, s in zip(place, strides, strict=True)]
        region = tuple(slice(c, c + k) for c, k in zip(corner, window, strict=True))
        whole[region] += kernel @ x[place]
    if padding == "valid":
        return whole
    starts = [max(k - s, 0) // 2 for _, k, s in axes]
    kept = tuple(slice(a, a + n * s) for a, (n, _, s) in zip(starts, axes, strict=True))
    return np.asarray(whole[kept])


def _run(result: object, x: npt.NDArray[Any], *weights: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return what the layers of the lowering make of x, which has no batch axis."""
    assert isinstance(result, Lowering)
    for part in result.layers:
        config = part.config
        if part.class_name == "ZeroPadding3D":
            x = np.pad(x, [*config["padding"], (0, 0)])
        elif part.class_name == "Conv3D":
            kernel, bias = map(computed, part.weights, weights)
            seen = np.lib.stride_tricks.sliding_window_view(x, kernel.shape[:3], (0, 1, 2))
            x = np.einsum("xyzcijk,ijkcf->xyzf", seen, kernel) + bias
        elif part.class_name == "Reshape":
            x = x.reshape(config["target_shape"])
        elif part.class_name == "Permute":
            x = x.transpose([axis - 1 for axis in config["dims"]])
        elif part.class_name == "Cropping3D":
            ends = zip(config["cropping"], x.shape, strict=False)
            x = x[tuple(slice(a, length - b) for (a, b), length in ends)]
    return x
