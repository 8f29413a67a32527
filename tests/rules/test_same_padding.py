from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer, shaped
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.same_padding import rewrite

SHAPE = shaped((None, 7, 6, 2))


def conv(kernel_size: Any, strides: Any, padding: str = "same", **more: Any) -> Layer:
    fields = {"kernel_size": kernel_size, "strides": strides, "padding": padding}
    return layer("Conv2D", **fields, **more)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("MaxPooling2D", padding="same", pool_size=1), SHAPE, id="other class"),
        pytest.param(conv(1, 2, "valid"), SHAPE, id="valid"),
        pytest.param(conv(3, 2), SHAPE, id="overlapping windows"),
        pytest.param(conv(1, 2), SHAPE, id="right in tfjs"),
        pytest.param(conv([1, 2], 3), KERAS3, id="no shape"),
        pytest.param(conv([1, 2], 3), shaped(None), id="hidden shape"),
        pytest.param(conv([2, 2], 3), shaped((None, None, 6, 2)), id="unknown, to be refused"),
        pytest.param(conv([1, 3], 2), shaped((None, None, 6, 2)), id="unknown beside padding"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_no_padding_is_valid() -> None:
    before = conv([1, 2], [1, 3])
    assert rewrite(before, SHAPE) == changed(before, padding="valid")


def test_windows_of_one_are_never_padded() -> None:
    before = layer("Conv3D", kernel_size=1, strides=2, padding="same")
    context = shaped((None, None, None, None, 2))
    assert rewrite(before, context) == changed(before, padding="valid")


def test_what_no_window_reaches_is_cut_off() -> None:
    before = conv([1, 3], [4, 2], data_format="channels_first")
    result = rewrite(before, shaped((None, 2, 7, 6)))
    cut = {"cropping": [[0, 2], [0, 0]], "data_format": "channels_first"}
    found = steps(result, "cropping", "padding", "data_format")
    assert found[0] == ("a__reached", "Cropping2D", cut)
    assert found[1][2] == {"padding": "same", "data_format": "channels_first"}
