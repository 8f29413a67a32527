from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import layer, weight
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Rewrite
from tfjs_serve.rules.renorm import TRAINS_PLAINLY, rewrite

CONTEXT = Context(2)


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("LayerNormalization", renorm=True), id="other class"),
        pytest.param(layer("BatchNormalization"), id="default"),
        pytest.param(layer("BatchNormalization", renorm=False), id="without"),
        pytest.param(layer("BatchNormalization", renorm="yes"), id="no flag"),
    ],
)
def test_nothing_to_do(before: Layer) -> None:
    assert rewrite(before, CONTEXT) is None


def test_what_only_training_needs_goes() -> None:
    fields: dict[str, Any] = {
        "renorm": True,
        "renorm_clipping": {"rmax": 2},
        "renorm_momentum": 0.9,
    }
    before = layer("BatchNormalization", axis=-1, **fields)
    stored = ("gamma", "moving_mean", "moving_variance", "moving_stddev", "renorm_mean")
    before = replace(before, weights=tuple(weight(name, (2,)) for name in stored))
    after = layer("BatchNormalization", axis=-1)
    after = replace(after, weights=before.weights[:3])
    assert rewrite(before, CONTEXT) == Rewrite(
        after, (Note(TRAINS_PLAINLY, "a", NoteKind.TRAINING),)
    )
