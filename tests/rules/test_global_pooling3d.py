from __future__ import annotations

import pytest

from tests.models import KERAS3, layer, shaped
from tests.rules.spatial import steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.global_pooling3d import rewrite

POOL = layer("GlobalMaxPooling3D", data_format="channels_last")


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("GlobalMaxPooling2D"), shaped((None, 2, 2, 3)), id="other class"),
        pytest.param(POOL, KERAS3, id="no shape"),
        pytest.param(POOL, shaped(None), id="hidden shape"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_all_places_are_pooled_at_once(kind: str) -> None:
    before = layer(f"Global{kind}Pooling3D", data_format="channels_last")
    result = rewrite(before, shaped((None, 2, None, 3, 5)))
    assert steps(result, "target_shape") == [
        ("a__places", "Reshape", {"target_shape": [-1, 5]}),
        ("a", f"Global{kind}Pooling1D", {}),
    ]


@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_an_unknown_number_of_channels_is_pooled_depth_by_depth(kind: str) -> None:
    before = layer(f"Global{kind}Pooling3D", data_format="channels_last")
    result = rewrite(before, shaped((None, None, None, 3, None)))
    assert steps(result) == [
        ("a__depths", "TimeDistributed", {}),
        ("a", f"Global{kind}Pooling1D", {}),
    ]
    assert isinstance(result, Lowering)
    assert result.layers[0].parts["layer"].class_name == f"Global{kind}Pooling2D"
