from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.models import layer
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.output_padding import rewrite

SEEN = Context(3)


def conv(axes: int = 2, **config: Any) -> Layer:
    return layer(f"Conv{axes}DTranspose", **{"filters": 2, "kernel_size": 3, **config})


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Conv2D", kernel_size=3), id="other class"),
        pytest.param(conv(), id="no output padding"),
        pytest.param(conv(padding="same", strides=4, output_padding=None), id="tfjs pads 2D right"),
        pytest.param(conv(3, padding="same", strides=2), id="a window as long as the stride"),
    ],
)
def test_nothing_to_cut(before: Layer) -> None:
    assert rewrite(before, SEEN) is None


def whole(length: int, size: int, stride: int) -> list[int]:
    """Return which inputs meet at each place of a transposed convolution, as a bit set."""
    made = [0] * (length * stride + max(size - stride, 0))
    for source in range(length):
        for place in range(size):
            made[source * stride + place] |= 1 << source
    return made


@pytest.mark.parametrize("stride", [1, 2, 3, 4])
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_places_that_keras_returns(size: int, stride: int, padding: str) -> None:
    """Compare with TensorFlow's definition: the gradient of the convolution that leads back."""
    length = 4
    for added in range(stride):
        margin = size // 2 if padding == "same" else 0
        wanted = (length - 1) * stride + size - 2 * margin + added
        if wanted < 1 or (padding == "same" and -(-wanted // stride) != length):
            continue  # Keras refuses it
        ahead = max((length - 1) * stride + size - wanted, 0) // 2 if padding == "same" else 0
        full = whole(length, size, stride)[ahead:] + [0] * (wanted + stride)
        result = rewrite(
            conv(1, kernel_size=size, strides=stride, padding=padding, output_padding=added), SEEN
        )
        zeros, before, after = 0, 0, 0
        if not isinstance(result, Rewrite):
            names = dict(outline(result))
            if "a__longer" in names:
                ((_, zeros),) = fields(result, "a__longer", "padding")
            if "a__cut" in names:
                ((before, after),) = fields(result, "a__cut", "cropping")
        made = whole(length + zeros, size, stride)
        made = [places & ((1 << length) - 1) for places in made]  # zeros meet nothing
        assert made[before : len(made) - after] == full[:wanted]


def test_2d_and_3d_cut_all_axes_with_their_data_format() -> None:
    before = conv(
        kernel_size=[3, 2],
        strides=[2, 3],
        padding="same",
        output_padding=1,
        data_format="channels_first",
    )
    result = rewrite(before, SEEN)
    assert outline(result) == [("a", "Conv2DTranspose"), ("a__cut", "Cropping2D")]
    assert fields(result, "a__cut", "cropping", "data_format") == (
        [(0, 1), (0, 2)],
        "channels_first",
    )
    assert fields(result, "a", "padding", "output_padding") == ("valid", None)


def test_a_3d_window_shorter_than_its_stride_is_valid() -> None:
    before = conv(3, kernel_size=2, strides=3, padding="same")
    result = rewrite(before, SEEN)
    assert isinstance(result, Rewrite)
    assert result.layer.config["padding"] == "valid"


def test_what_lies_behind_the_end_comes_of_zeros() -> None:
    result = rewrite(conv(kernel_size=3, strides=2, output_padding=1), SEEN)
    assert outline(result)[0] == ("a__longer", "ZeroPadding2D")
    assert np.shape(fields(result, "a__longer", "padding")[0]) == (2, 2)
