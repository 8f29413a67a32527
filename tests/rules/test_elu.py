from __future__ import annotations

import pytest

from tests.models import layer, shaped
from tests.rules.lowered import fields, outline
from tfjs_serve.graph import Layer
from tfjs_serve.rules.elu import rewrite

SHAPE = shaped((None, 3))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("ReLU", alpha=0.5), id="other class"),
        pytest.param(layer("ELU"), id="default"),
        pytest.param(layer("ELU", alpha=1.0), id="native"),
        pytest.param(layer("ELU", alpha=[0.5]), id="no number"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, SHAPE) is None


def test_the_negative_part_is_scaled() -> None:
    found = rewrite(layer("ELU", alpha=0.5), SHAPE)
    assert outline(found)[-2:] == [("a__rescaling_6", "Rescaling"), ("a", "Add")]
    assert fields(found, "a__rescaling_6", "scale", "offset") == (0.5, 0.0)
