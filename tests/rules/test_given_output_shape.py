from __future__ import annotations

from typing import Any

import pytest

from tests.models import changed, layer, refused, shaped
from tfjs_serve.rules.given_output_shape import rewrite

FIELDS: dict[str, Any] = {
    "filters": 2,
    "kernel_size": [3, 3],
    "strides": [2, 2],
    "padding": "valid",
    "data_format": "channels_last",
}
SHAPE = shaped((None, 3, 4, 5), generation=1)


def test_others_have_no_output_shape() -> None:
    assert rewrite(layer("Conv2DTranspose", **FIELDS), SHAPE) is None
    assert rewrite(layer("Lambda", output_shape=[3]), SHAPE) is None
    assert rewrite(layer("Conv2DTranspose", **FIELDS, output_shape=[1]), shaped(None)) is None


@pytest.mark.parametrize("batch", [None, 3])
def test_the_shape_that_tfjs_computes_goes(batch: int | None) -> None:
    before = layer("Conv2DTranspose", **FIELDS, output_shape=[batch, 7, 9, 2])
    assert rewrite(before, SHAPE) == changed(before, drop=["output_shape"])


@pytest.mark.parametrize("given", [[None, 8, 9, 2], [None, 7, 9], None])
def test_another_one_is_refused(given: object) -> None:
    before = layer("Conv2DTranspose", **FIELDS, output_shape=given)
    text = f"not supported yet: output_shape = {given!r} instead of [None, 7, 9, 2]"
    assert rewrite(before, SHAPE) == refused(before, text)
