from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, functional, layer, nested, on, source
from tfjs_serve.graph import Graph, Layer
from tfjs_serve.rewriting.rule import GraphRewrite
from tfjs_serve.rules.class_names import rewrite


@pytest.mark.parametrize("name", ["Dense", "BatchNormalization", "LSTM", "GRU", "MyLayerV2", ""])
def test_other_names_stay(name: str) -> None:
    assert rewrite(functional([source(), layer(name)], ["a"]), KERAS2) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BatchNormalizationFused", "BatchNormalization"),
        ("BatchNormalizationV1", "BatchNormalization"),
        ("BatchNormalizationV2", "BatchNormalization"),
        ("UnifiedGRU", "GRU"),
        ("UnifiedLSTM", "LSTM"),
    ],
)
def test_old_names_become_todays_wherever_they_stand(old: str, new: str) -> None:
    before = layer(old, units=2)
    after = replace(before, class_name=new)
    wrapper = layer("Bidirectional", "both")

    def model(part: Layer) -> Graph:
        wrapped = replace(wrapper, parts={"layer": part})
        inner = functional([source(), part], ["a"])
        return functional([source(), part, wrapped, nested("n", inner, on("x"))], ["a"])

    assert rewrite(model(before), KERAS2) == GraphRewrite(model(after))
