from __future__ import annotations

from dataclasses import replace

import pytest

from tests.models import KERAS2, KERAS3, layer, on
from tfjs_serve.graph import Layer
from tfjs_serve.report import Note, NoteKind
from tfjs_serve.rewriting.rule import Rewrite
from tfjs_serve.rules.inference_identity import rewrite

CONFIG = {"trainable": True, "activation": "linear"}


@pytest.mark.parametrize(
    "before",
    [
        pytest.param(layer("Dropout", rate=0.5), id="a layer of tfjs"),
        pytest.param(layer("AutoContrast"), id="changes images at inference"),
        pytest.param(layer("Custom>RandomFlip"), id="a user's own"),
        pytest.param(replace(layer("MixUp"), calls=(on("x", "y"),)), id="two inputs"),
    ],
)
def test_layers_that_do_something(before: Layer) -> None:
    assert rewrite(before, KERAS3) is None


def test_a_random_crop_predicts_what_it_is_given_in_keras_3_only() -> None:
    before = layer("RandomCrop", height=2, width=2)
    assert rewrite(before, KERAS2) is None
    assert isinstance(rewrite(before, KERAS3), Rewrite)


def test_an_identity_says_nothing() -> None:
    before = layer("Identity", trainable=True)
    assert rewrite(before, KERAS3) == Rewrite(
        replace(before, class_name="Activation", config=CONFIG)
    )


@pytest.mark.parametrize(
    "name", ["RandomFlip", "Solarization", "ActivityRegularization", "StochasticDepth"]
)
def test_what_only_trains_is_left_out_with_a_warning(name: str) -> None:
    before = layer(name, factor=0.5)
    after = replace(before, class_name="Activation", config=CONFIG)
    note = Note(f"{name} is left out: it matters to training only", "a", NoteKind.DROPPED)
    assert rewrite(before, KERAS3) == Rewrite(after, (note,))


def test_keras_3_writes_training_into_the_calls_of_augmentations() -> None:
    before = replace(layer("RandomFlip"), calls=(on("x", training=True),))
    found = rewrite(before, KERAS3)
    assert isinstance(found, Rewrite)
    assert found.layer.calls == (on("x"),)
    older = rewrite(before, KERAS2)
    assert isinstance(older, Rewrite)
    assert older.layer.calls == before.calls
