from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS3, layer, shaped
from tests.rules.spatial import steps
from tfjs_serve.graph import Call, Layer, Shape, TensorRef
from tfjs_serve.rewriting.rule import INPUT, Context, Lowering
from tfjs_serve.rules.three_dimensions import rewrite

SHAPE = shaped((None, 4, 6, 8, 2))


def of(class_name: str, **config: Any) -> Layer:
    return replace(layer(class_name, **config), calls=(Call((TensorRef(INPUT),)),))


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(of("AveragePooling3D"), SHAPE, id="right in tfjs"),
        pytest.param(
            of("AveragePooling3D", padding="same", strides=2),
            shaped((None, None, None, None, 2)),
            id="as long as its stride",
        ),
        pytest.param(of("AveragePooling3D", padding="same", strides=3), SHAPE, id="known lengths"),
        pytest.param(of("MaxPooling3D"), KERAS3, id="no shape"),
        pytest.param(of("MaxPooling3D"), shaped(None), id="hidden shape"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


@pytest.mark.parametrize(
    ("class_name", "fields", "first", "second", "targets"),
    [
        (
            *("MaxPooling3D", {"pool_size": [2, 3, 4], "strides": None}),
            *({"pool_size": [2, 3], "strides": [2, 3]}, {"pool_size": [1, 4], "strides": [1, 4]}),
            ([4, 6, 16], [4, 8, 2], [2, 2, 2, 2]),
        ),
        (
            *("ZeroPadding3D", {"padding": [[1, 0], [0, 2], [3, 0]]}),
            *({"padding": [[1, 0], [0, 2]]}, {"padding": [[0, 0], [3, 0]]}),
            ([4, 6, 16], [40, 8, 2], [5, 8, 11, 2]),
        ),
        (
            *("Cropping3D", {"cropping": 1}),
            *({"cropping": [[1, 1], [1, 1]]}, {"cropping": [[0, 0], [1, 1]]}),
            ([4, 6, 16], [8, 8, 2], [2, 4, 6, 2]),
        ),
        (
            *("UpSampling3D", {"size": [1, 2, 3]}),
            *({"size": [1, 2]}, {"size": [1, 3]}),
            ([4, 6, 16], [48, 8, 2], [4, 12, 24, 2]),
        ),
    ],
)
def test_two_axes_and_then_the_third(
    class_name: str,
    fields: dict[str, Any],
    first: dict[str, Any],
    second: dict[str, Any],
    targets: tuple[list[int], ...],
) -> None:
    plane = class_name.replace("3D", "2D")
    found = steps(rewrite(of(class_name, **fields), SHAPE), *fields, "target_shape")
    assert [step[1:] for step in found] == [
        ("Reshape", {"target_shape": targets[0]}),
        (plane, first),
        ("Reshape", {"target_shape": targets[1]}),
        (plane, second),
        ("Reshape", {"target_shape": targets[2]}),
    ]
    assert found[-1][0] == "a"


@pytest.mark.parametrize(
    ("before", "first", "second"),
    [
        (
            of("MaxPooling3D", pool_size=[2, 3, 4], padding="same"),
            {"pool_size": [3, 4], "strides": [3, 4]},
            {"pool_size": [2, 1], "strides": [2, 1]},
        ),
        (
            of("AveragePooling3D", pool_size=2, strides=3, padding="same"),
            {"pool_size": [2, 2], "strides": [3, 3]},
            {"pool_size": [2, 1], "strides": [3, 1]},
        ),
        (
            of("ZeroPadding3D", padding=[[1, 0], [0, 2], [3, 0]]),
            {"padding": [[0, 2], [3, 0]]},
            {"padding": [[1, 0], [0, 0]]},
        ),
    ],
    ids=lambda value: value.class_name if isinstance(value, Layer) else "",
)
@pytest.mark.parametrize("shape", [(None, None, 6, None, 2), (None, None, None, 8, 2)])
def test_with_several_unknown_lengths_each_step_is_a_plane(
    shape: Shape, before: Layer, first: dict[str, Any], second: dict[str, Any]
) -> None:
    result = rewrite(before, shaped(shape))
    assert steps(result, "dims") == [
        ("a__depths", "TimeDistributed", {}),
        ("a__turned", "Permute", {"dims": [2, 1, 3, 4]}),
        ("a__heights", "TimeDistributed", {}),
        ("a", "Permute", {"dims": [2, 1, 3, 4]}),
    ]
    assert isinstance(result, Lowering)
    planes = [item.parts["layer"] for item in result.layers if item.parts]
    plane = before.class_name.replace("3D", "2D")
    assert [item.class_name for item in planes] == [plane, plane]
    found = [{name: item.config[name] for name in first} for item in planes]
    assert found == [first, second]
