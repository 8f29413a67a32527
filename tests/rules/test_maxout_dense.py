from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.models import layer, shaped, weight
from tests.rules.lowered import fields, outline, values
from tfjs_serve.rules.maxout_dense import rewrite

SHAPE = shaped((None, 3), generation=1)
KERNEL, BIAS = weight("W", (2, 3, 4)), weight("b", (2, 4))


def test_others_stay() -> None:
    assert rewrite(replace(layer("Dense"), weights=(KERNEL, BIAS)), SHAPE) is None
    assert rewrite(layer("MaxoutDense"), SHAPE) is None
    assert rewrite(replace(layer("MaxoutDense"), weights=(KERNEL, BIAS)), shaped()) is None
    assert rewrite(replace(layer("MaxoutDense"), weights=(weight("W", (3, 4)),)), SHAPE) is None


def test_features_are_computed_side_by_side() -> None:
    result = rewrite(replace(layer("MaxoutDense"), weights=(KERNEL, BIAS)), SHAPE)
    assert outline(result) == [
        ("a__features", "Dense"),
        ("a__by_feature", "Reshape"),
        ("a", "GlobalMaxPooling1D"),
    ]
    assert fields(result, "a__features", "units", "use_bias") == (8, True)
    assert fields(result, "a__by_feature", "target_shape") == ([2, 4],)
    kernel = np.arange(24, dtype="f4").reshape(2, 3, 4)
    wanted = np.hstack([kernel[0], kernel[1]]).tolist()
    assert values(result, "a__features", "kernel", kernel) == wanted
    bias = np.arange(8, dtype="f4").reshape(2, 4)
    assert values(result, "a__features", "bias", bias) == list(range(8))


def test_without_a_bias() -> None:
    result = rewrite(replace(layer("MaxoutDense", bias=False), weights=(KERNEL,)), SHAPE)
    assert fields(result, "a__features", "units", "use_bias") == (8, False)
