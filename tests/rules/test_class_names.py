from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, layer
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.class_names import rewrite


@pytest.mark.parametrize("name", ["Dense", "BatchNormalization", "LSTM", "GRU", "MyLayerV2", ""])
def test_other_names_stay(name: str) -> None:
    assert rewrite(layer(name), KERAS2) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("BatchNormalizationV1", "BatchNormalization"),
        ("BatchNormalizationV2", "BatchNormalization"),
        ("UnifiedGRU", "GRU"),
        ("UnifiedLSTM", "LSTM"),
    ],
)
def test_old_names_become_todays(old: str, new: str) -> None:
    before = layer(old, units=2)
    assert rewrite(before, KERAS2) == Rewrite(replace(before, class_name=new))
