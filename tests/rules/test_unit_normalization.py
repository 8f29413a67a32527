from __future__ import annotations

import numpy as np
import pytest

from tests.models import layer, on, shaped
from tests.rules.lowered import fields, outline
from tests.rules.numbers import X, computed, draw
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
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


@pytest.mark.parametrize("axis", [-1, 1])
def test_two_axes_of_unknown_length(axis: int) -> None:
    shape = (None, None, None, 4) if axis == -1 else (None, 4, None, None)
    before = Layer("a", "UnitNormalization", {"axis": axis}, (on(X),))
    found = rewrite(before, shaped(shape))
    assert isinstance(found, Lowering)
    x = draw(4, 4, 4)
    (made,) = computed(found, x)
    np.testing.assert_allclose(made, x / np.linalg.norm(x, axis=axis, keepdims=True), rtol=1e-5)


def test_a_normalized_axis_of_unknown_length_is_refused() -> None:
    with pytest.raises(ShapeError, match="needs a known length of every normalized axis"):
        rewrite(layer("UnitNormalization", axis=1), shaped((None, None, None, 4)))
