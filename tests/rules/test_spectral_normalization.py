from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, changed, layer, weight
from tfjs_serve.graph import Layer, TensorRef
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Context, Lowering, Refusal
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


@pytest.mark.parametrize("context", [KERAS2, KERAS3], ids=["keras2", "keras3"])
def test_keras3_cuts_off_what_an_embedding_makes(context: Context) -> None:
    embedding = replace(INNER, class_name="Embedding")
    found = rewrite(replace(layer("SpectralNormalization"), parts={"layer": embedding}), context)
    assert isinstance(found, Refusal if context is KERAS3 else Lowering)


def test_the_inner_layer_takes_name_and_calls() -> None:
    before = replace(
        layer("SpectralNormalization"), parts={"layer": INNER}, weights=(weight("vector_u"),)
    )
    after = replace(changed(INNER, trainable=True).layer, name="a", calls=before.calls)
    note = Note(
        "SpectralNormalization is left out: it matters to training only", "a", NoteKind.DROPPED
    )
    assert rewrite(before, KERAS3) == Lowering((after,), (TensorRef("a"),), (note,))
