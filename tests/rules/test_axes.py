from __future__ import annotations

from typing import Any

import pytest

from tests.models import KERAS3, changed, layer, shaped
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context
from tfjs_serve.rules.axes import rewrite

RANK_2, RANK_4 = (None, 3), (None, 8, 8, 3)


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("Dense", axis=-1), shaped(RANK_2), id="other class"),
        pytest.param(layer("Concatenate"), shaped(RANK_2), id="no axis"),
        pytest.param(layer("Concatenate", axis=-1), KERAS3, id="no shapes"),
        pytest.param(layer("Concatenate", axis=-1), shaped(None), id="hidden shape"),
        pytest.param(layer("Concatenate", axis=1), shaped(RANK_2), id="counted from the front"),
        pytest.param(layer("LayerNormalization", axis=[1, 2]), shaped(RANK_4), id="list"),
        pytest.param(layer("Dot", axes=[1, 1]), shaped(RANK_2, RANK_2), id="both axes"),
        pytest.param(layer("Concatenate", axis="last"), shaped(RANK_2), id="text"),
        pytest.param(layer("Concatenate", axis=None), shaped(RANK_2), id="null"),
        pytest.param(layer("BatchNormalization", axis=[[3]]), shaped(RANK_4), id="nested list"),
        pytest.param(layer("Dot", axes=[]), shaped(RANK_2, RANK_2), id="empty list"),
    ],
)
def test_nothing_to_count(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("class_name", "name", "value", "shapes", "counted"),
    [
        pytest.param("Concatenate", "axis", -1, [RANK_4, RANK_4], 3, id="concatenate"),
        pytest.param("Concatenate", "axis", -3, [RANK_4, RANK_4], 1, id="concatenate in between"),
        pytest.param("BatchNormalization", "axis", [3], [RANK_4], 3, id="batch normalization"),
        pytest.param("BatchNormalization", "axis", -1, [RANK_2], 1, id="one axis"),
        pytest.param("LayerNormalization", "axis", -1, [RANK_4], 3, id="layer normalization"),
        pytest.param(
            "LayerNormalization", "axis", [-2, -1], [RANK_4], [2, 3], id="several axes stay a list"
        ),
        pytest.param("LayerNormalization", "axis", [-1], [RANK_4], [3], id="a list of one, too"),
        pytest.param("Softmax", "axis", [-1], [RANK_2], 1, id="softmax"),
        pytest.param("Dot", "axes", 1, [RANK_2, RANK_2], [1, 1], id="dot, one axis for both"),
        pytest.param("Dot", "axes", -1, [(None, 5, 3), RANK_2], [2, 1], id="dot, other ranks"),
        pytest.param("Dot", "axes", [-1, -2], [(None, 5, 3), (None, 3, 2)], [2, 1], id="dot, two"),
        pytest.param("Dot", "axes", [2, -2], [(None, 5, 3), (None, 3, 2)], [2, 1], id="dot, mixed"),
        pytest.param("Dot", "axes", -1, [(None, 5, 3), None], [2, 2], id="dot, one shape hidden"),
        # Out of range: what comes out is for the catalog to refuse.
        pytest.param("Concatenate", "axis", -4, [RANK_2, RANK_2], -2, id="beyond the front"),
    ],
)
def test_axes_are_counted_from_the_front(
    class_name: str, name: str, value: Any, shapes: list[Any], counted: Any
) -> None:
    before = layer(class_name, **{name: value}, momentum=0.9)
    assert rewrite(before, shaped(*shapes)) == changed(before, **{name: counted})
