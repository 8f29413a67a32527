from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, layer, refused, weight
from tfjs_serve.graph import Layer
from tfjs_serve.rules.missing_weights import rewrite

DENSE = layer("Dense", units=4, use_bias=True)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Flatten"), id="no variables"),
        pytest.param(layer("Doubling"), id="unknown class"),
        pytest.param(replace(DENSE, weights=(weight("kernel", (3, 4)),)), id="has weights"),
        pytest.param(layer("LayerNormalization", scale=False, center=False), id="all omitted"),
    ],
)
def test_nothing_is_missing(before: Layer) -> None:
    assert rewrite(before, KERAS2) is None


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (DENSE, "kernel, bias"),
        (layer("Dense", units=4, use_bias=False), "kernel"),
        (layer("Embedding"), "embeddings"),
    ],
    ids=["Dense", "without a bias", "Embedding"],
)
def test_missing_weights_are_refused(before: Layer, found: str) -> None:
    why = f"the file does not hold its weights ({found})"
    assert rewrite(before, KERAS2) == refused(before, why, remedy="save the model again")
