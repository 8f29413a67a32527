from __future__ import annotations

import pytest

from tests.models import layer, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.unit_normalization import SHORT_VECTORS, rewrite

SHAPE = shaped((None, 3, 4))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization"), SHAPE, id="other class"),
        pytest.param(layer("UnitNormalization"), shaped(None), id="hidden shape"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_the_last_axis() -> None:
    found = rewrite(layer("UnitNormalization", axis=-1), SHAPE)
    assert outline(found) == [
        ("a__reshape_1", "Reshape"),
        ("a__rescaling_2", "Rescaling"),
        ("a__concatenate_3", "Concatenate"),
        ("a__normalize", "LayerNormalization"),
        ("a__cropping2d_5", "Cropping2D"),
        ("a__rescaling_6", "Rescaling"),
        ("a", "Reshape"),
    ]
    assert fields(found, "a__rescaling_6", "scale") == (0.5,)
    assert fields(found, "a", "target_shape") == ([3, 4],)


def test_another_axis_moves_to_the_end_and_back() -> None:
    found = rewrite(layer("UnitNormalization", axis=1), SHAPE)
    assert outline(found)[0] == ("a__permute_1", "Permute")
    assert outline(found)[-1] == ("a", "Permute")


@pytest.mark.parametrize(("generation", "notes"), [(2, [SHORT_VECTORS]), (3, [])])
def test_keras_2_has_a_least_length(generation: int, notes: list[str]) -> None:
    context = shaped((None, 4), generation=generation)
    found = rewrite(layer("UnitNormalization"), context)
    assert isinstance(found, Lowering)
    assert [note.text for note in found.notes] == notes
