from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, layer, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.flatten import rewrite

FLATTEN = layer("Flatten", trainable=False, data_format="channels_first")


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Dense"), shaped((None, 3)), id="other class"),
        pytest.param(FLATTEN, KERAS3, id="no shape"),
        pytest.param(FLATTEN, shaped(None), id="hidden shape"),
        pytest.param(FLATTEN, shaped((None,)), id="rank 1"),
        pytest.param(FLATTEN, shaped((None, 3, 4)), id="rank 3"),
    ],
)
def test_something_to_flatten(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("before", "trainable"), [(FLATTEN, False), (layer("Flatten"), True)], ids=["frozen", "plain"]
)
def test_rank_2_becomes_the_identity(before: Layer, trainable: bool) -> None:
    config = {"trainable": trainable, "activation": "linear"}
    after = replace(before, class_name="Activation", config=config)
    assert rewrite(before, shaped((None, 3))) == Rewrite(after)


def test_unknown_lengths_are_reshaped() -> None:
    found = rewrite(layer("Flatten"), shaped((None, None, 3)))
    assert outline(found) == [("a", "Reshape")]
    assert fields(found, "a", "target_shape") == ([-1],)


def test_channels_first_are_moved_before() -> None:
    found = rewrite(FLATTEN, shaped((None, None, 2, 3)))
    assert outline(found) == [("a__channels_last", "Permute"), ("a", "Reshape")]
    assert fields(found, "a__channels_last", "dims") == ([2, 3, 1],)
