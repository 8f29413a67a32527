from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS3, changed, layer, weight
from tfjs_serve.artifacts import Note, NoteKind
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.rewriting.rule import Lowering
from tfjs_serve.rules.spectral_normalization import rewrite

INNER = replace(layer("Dense", "inner", units=2), calls=(), weights=(weight("kernel"),))


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(replace(layer("TimeDistributed"), parts={"layer": INNER}), id="other class"),
        pytest.param(layer("SpectralNormalization"), id="nothing inside"),
    ],
)
def test_nothing_to_unwrap(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_the_inner_layer_takes_name_and_calls() -> None:
    before = replace(
        layer("SpectralNormalization"), parts={"layer": INNER}, weights=(weight("vector_u"),)
    )
    after = replace(changed(INNER, trainable=True).layer, name="a", calls=before.calls)
    note = Note(
        "SpectralNormalization is left out: it matters to training only", "a", NoteKind.DROPPED
    )
    assert rewrite(before, KERAS3) == Lowering((after,), (TensorRef("a"),), (note,))
