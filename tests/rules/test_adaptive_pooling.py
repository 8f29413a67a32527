from __future__ import annotations

import pytest

from tests.models import KERAS3, layer, refused, shaped
from tests.rules.spatial import computed, steps
from tfjs_serve.graph import Layer
from tfjs_serve.rewriting.rule import Context, Lowering
from tfjs_serve.rules.adaptive_pooling import rewrite

POOL = layer("AdaptiveMaxPooling1D", output_size=[2])


@pytest.mark.parametrize(
    ("before", "context"),
    [
        pytest.param(layer("MaxPooling1D"), shaped((None, 4, 1)), id="other class"),
        pytest.param(POOL, KERAS3, id="no shape"),
        pytest.param(POOL, shaped(None), id="hidden shape"),
    ],
)
def test_not_ours(before: Layer, context: Context) -> None:
    assert rewrite(before, context) is None


def test_an_unknown_length_is_refused() -> None:
    why = "not supported yet: needs known lengths, got (None, None, 1)"
    assert rewrite(POOL, shaped((None, None, 1))) == refused(POOL, why)


@pytest.mark.parametrize("kind", ["Average", "Max"])
def test_even_windows_are_those_of_a_plain_pooling(kind: str) -> None:
    before = layer(f"Adaptive{kind}Pooling2D", output_size=2)
    found = steps(rewrite(before, shaped((None, 4, 6, 1))), "pool_size", "strides")
    assert found == [("a", f"{kind}Pooling2D", {"pool_size": [2, 3], "strides": [2, 3]})]


def test_uneven_windows_are_averaged_by_a_matrix() -> None:
    result = rewrite(layer("AdaptiveAveragePooling1D", output_size=2), shaped((None, 3, 1)))
    assert [step[1] for step in steps(result)] == ["Permute", "Dense", "Permute"]
    assert isinstance(result, Lowering)
    means = [[0.5, 0], [0.5, 0.5], [0, 0.5]]
    assert computed(result.layers[1].weights[0]).tolist() == means


def test_uneven_windows_are_written_out_for_a_maximum() -> None:
    result = rewrite(layer("AdaptiveMaxPooling1D", output_size=2), shaped((None, 3, 1)))
    assert steps(result, "pool_size")[-1] == ("a", "MaxPooling1D", {"pool_size": [2]})
    assert isinstance(result, Lowering)
    places = [[1, 0, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]]
    assert computed(result.layers[1].weights[0]).tolist() == places
