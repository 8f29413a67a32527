from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer
from tfjs_serve.layers_format.catalog.spec import ShapeError
from tfjs_serve.rewriting.rule import Context, Lowering, with_fields
from tfjs_serve.rules.group_normalization import LEARNS_SCALE, rewrite

IMAGE = shaped((None, 2, 3, 4))


def norm(*roles: str, groups: int = 2, axis: int = -1) -> Layer:
    before = layer("GroupNormalization", groups=groups, axis=axis, epsilon=0.1)
    switches = {"scale": "gamma" in roles, "center": "beta" in roles}
    before = with_fields(before, switches)
    return replace(before, weights=tuple(weight(role, (4,)) for role in roles))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("LayerNormalization"), IMAGE, id="other class"),
        pytest.param(norm(), shaped(None), id="hidden shape"),
        pytest.param(norm(axis=0), IMAGE, id="batch axis"),
        pytest.param(layer("GroupNormalization", groups=2), IMAGE, id="no weights in the file"),
    ],
)
def test_nothing_to_do(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_more_than_two_unknown_lengths_are_refused() -> None:
    with pytest.raises(ShapeError, match="one axis of unknown length"):
        rewrite(norm(), shaped((None, None, None, 3, 4)))


def test_one_unknown_length_is_reshaped() -> None:
    found = rewrite(norm(), shaped((None, None, 3, 4)))
    assert fields(found, "a__groups", "target_shape") == ([-1, 2, 2],)
    assert fields(found, "a", "target_shape") == ([-1, 3, 4],)


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        pytest.param(-1, [("LayerNormalization", [1, 2])], id="each channel"),
        pytest.param(1, [("LayerNormalization", [1, 2, 3])], id="all channels"),
        pytest.param(
            2,
            [
                ("Dense", None),
                ("LayerNormalization", [1, 2, 3]),
                ("Dense", None),
                ("LayerNormalization", [1, 2, 3]),
                ("Concatenate", 3),
            ],
            id="groups",
        ),
    ],
)
def test_an_image_of_any_size_is_never_reshaped(
    groups: int, expected: list[tuple[str, object]]
) -> None:
    found = rewrite(norm("gamma", groups=groups), shaped((None, None, None, 4)))
    assert isinstance(found, Lowering)
    made = [(part.class_name, part.config.get("axis")) for part in found.layers]
    assert made == [*expected, ("DepthwiseConv2D", None)]
    assert found.layers[-1].name == "a"


def test_a_group_is_cut_out_by_zeros_and_ones() -> None:
    found = rewrite(norm(), shaped((None, None, None, 4)))
    assert values(found, "a__dense_3", "kernel") == [[0, 0], [0, 0], [1, 0], [0, 1]]


@pytest.mark.parametrize(("groups", "view"), [(2, [6, 2, 2]), (-1, [6, 4, 1])])
def test_groups_then_channels(groups: int, view: list[int]) -> None:
    found = rewrite(norm("gamma", "beta", groups=groups), IMAGE)
    assert outline(found) == [
        ("a__groups", "Reshape"),
        ("a__normalize", "LayerNormalization"),
        ("a__channels_last", "Reshape"),
        ("a", "DepthwiseConv2D"),
    ]
    assert fields(found, "a__groups", "target_shape") == (view,)
    assert fields(found, "a__normalize", "axis", "epsilon") == ([1, 3], 0.1)
    assert fields(found, "a__channels_last", "target_shape") == ([2, 3, 4],)
    assert values(found, "a", "depthwise_kernel", [1, 2, 3, 4]) == [[[[1], [2], [3], [4]]]]
    assert values(found, "a", "bias", [5, 6, 7, 8]) == [5, 6, 7, 8]


def test_without_weights() -> None:
    found = rewrite(norm(), IMAGE)
    assert outline(found)[-1] == ("a", "Reshape")


def test_a_shift_alone_gets_a_scale() -> None:
    found = rewrite(norm("beta"), IMAGE)
    assert isinstance(found, Lowering)
    assert [note.text for note in found.notes] == [LEARNS_SCALE]
    assert values(found, "a", "depthwise_kernel") == [[[[1], [1], [1], [1]]]]


def test_another_axis_moves_to_the_end_and_back() -> None:
    found = rewrite(norm("gamma", axis=1), shaped((None, 4, 2, 3)))
    assert outline(found) == [
        ("a__there", "Permute"),
        ("a", "GroupNormalization"),
        ("a__back", "Permute"),
    ]
    assert fields(found, "a", "axis") == (-1,)
