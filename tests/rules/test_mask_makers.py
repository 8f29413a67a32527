from __future__ import annotations

import pytest

from tests.models import KERAS3, changed, layer, refused, shaped
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.mask_makers import rewrite


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Embedding", mask_zero=False), id="no mask"),
        pytest.param(layer("Masking", mask_value=0.0, is_stopped=True), id="done"),
        pytest.param(layer("Dense", mask_zero=True), id="other class"),
    ],
)
def test_nothing_to_take_away(before: Layer) -> None:
    assert rewrite(before, shaped((None, 4, 3))) is None


def test_an_embedding_makes_no_mask() -> None:
    before = layer("Embedding", mask_zero=True)
    assert rewrite(before, KERAS3) == changed(before, mask_zero=False)


def test_the_mask_of_a_masking_goes_no_further() -> None:
    result = rewrite(layer("Masking", mask_value=0.5), shaped((None, None, 3)))
    assert isinstance(result, Lowering)
    masking, stop = result.layers
    assert masking.config == {"trainable": True, "mask_value": 0.5, "is_stopped": True}
    assert (stop.name, stop.class_name) == ("a", "Reshape")
    assert list(stop.config["target_shape"]) == [-1, 3]


def test_two_unknown_lengths_are_refused() -> None:
    before = layer("Masking", mask_value=0.5)
    why = "not supported yet: Masking on more than one axis of unknown length"
    assert rewrite(before, shaped((None, None, None))) == refused(before, why)
