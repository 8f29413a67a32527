from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, on, shaped
from tests.rules.spatial import computed, steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal
from tfjs_serve.rules.resizing import rewrite

SHAPE = shaped((None, 4, 6, 1))
RESIZING = layer("Resizing", height=2, width=6, interpolation="bilinear")


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("UpSampling2D", height=2, width=2), SHAPE, id="other class"),
        pytest.param(RESIZING, KERAS3, id="no shape"),
        pytest.param(RESIZING, shaped(None), id="hidden shape"),
        pytest.param(replace(RESIZING, calls=(on("x", mask="m"),)), SHAPE, id="argument"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("fields", "shape", "word"),
    [
        ({"interpolation": "magic"}, (None, 4, 6, 1), "interpolation = 'magic'"),
        ({"antialias": True}, (None, None, 6, 1), "known height and width"),
        ({"crop_to_aspect_ratio": True}, (None, None, 6, 1), "known height and width"),
        ({"interpolation": "bicubic"}, (None, None, 6, 1), "known height and width"),
        ({"height": None}, (None, 4, 6, 1), "height and width"),
    ],
)
def test_refused(fields: dict[str, Any], shape: tuple[int | None, ...], word: str) -> None:
    before = replace(RESIZING, config={**RESIZING.config, **fields})
    result = rewrite(before, shaped(shape))
    assert isinstance(result, Refusal)
    assert word in result.reasons[0].why


def test_training_changes_nothing() -> None:
    called = replace(RESIZING, calls=(on("x", training=True),))
    assert rewrite(called, SHAPE) == rewrite(RESIZING, SHAPE)


def test_the_same_size_is_the_identity() -> None:
    before = layer("Resizing", height=4, width=6)
    found = steps(rewrite(before, SHAPE), "activation")
    assert found == [("a", "Activation", {"activation": "linear"})]


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({}, [0.5, 0.5, 0, 0]),
        ({"interpolation": "nearest"}, [0, 1, 0, 0]),
        # A triangle of twice the width: weights 1, 3, 3, 1 without what lies outside.
        ({"antialias": True}, [3 / 7, 3 / 7, 1 / 7, 0]),
    ],
    ids=str,
)
def test_weights_of_the_first_row(fields: dict[str, Any], column: list[float]) -> None:
    result = rewrite(replace(RESIZING, config={**RESIZING.config, **fields}), SHAPE)
    assert isinstance(result, Lowering)
    (dense,) = (item for item in result.layers if item.class_name == "Dense")
    assert computed(dense.weights[0])[:, 0] == pytest.approx(column)


def test_a_fill_value_is_added_in_the_border() -> None:
    before = layer("Resizing", height=6, width=6, pad_to_aspect_ratio=True, fill_value=2.0)
    found = steps(rewrite(before, SHAPE), "offset", "units")
    offset = [[[2.0]], [[0.0]], [[0.0]], [[0.0]], [[0.0]], [[2.0]]]
    assert found[1] == ("a__axis_1", "Dense", {"units": 6})
    assert found[-1] == ("a", "Rescaling", {"offset": offset})


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_a_smaller_center_is_cropped(data_format: str) -> None:
    before = layer("CenterCrop", height=2, width=3, data_format=data_format)
    shape = (None, 4, 6, 1) if data_format == "channels_last" else (None, 1, 4, 6)
    cropping = {"cropping": [[1, 1], [1, 2]], "data_format": data_format}
    found = steps(rewrite(before, shaped(shape)), "cropping", "data_format")
    assert found == [("a", "Cropping2D", cropping)]


def test_a_larger_center_is_resized() -> None:
    found = steps(rewrite(layer("CenterCrop", height=8, width=8), SHAPE), "units")
    assert [step[2] for step in found if step[1] == "Dense"] == [{"units": 8}, {"units": 8}]


def test_a_random_crop_of_keras_2_resizes_a_crop() -> None:
    size: dict[str, Any] = {"height": 8, "width": 8}
    crop = steps(rewrite(layer("RandomCrop", **size), SHAPE), "units")
    fields = {**size, "crop_to_aspect_ratio": True}
    assert crop == steps(rewrite(layer("Resizing", **fields), SHAPE), "units")


@pytest.mark.parametrize("method", ["bilinear", "nearest"])
def test_the_companion_module_takes_images_of_any_size(method: str) -> None:
    before = layer("Resizing", height=2, width=3, interpolation=method)
    result = rewrite(before, shaped((None, None, None, 1)))
    wanted = {"size": [2, 3], "method": method}
    assert steps(result, "size", "method") == [("a", "TfjsServeResize", wanted)]


def test_channels_first_of_any_size() -> None:
    before = layer("Resizing", height=2, width=3, data_format="channels_first")
    assert steps(rewrite(before, shaped((None, 1, None, None))), "dims") == [
        ("a__there", "Permute", {"dims": [2, 3, 1]}),
        ("a__resized", "TfjsServeResize", {}),
        ("a", "Permute", {"dims": [3, 1, 2]}),
    ]
