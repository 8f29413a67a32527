"""What training meets in a model: names of its outputs, masks, normalizations."""

from __future__ import annotations

from typing import Any

import pytest

from tests.convert.test_translation import model
from tests.front_ends.configs import dense, entry, functional, input2, keras2, sequential
from tests.models import stored
from tfjs_serve.convert.translation import translate
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.report import Note, NoteKind

SGD = {"class_name": "SGD", "config": {"learning_rate": 0.5}}


def compiled(loss: Any, **more: Any) -> dict[str, Any]:
    return {"loss": loss, "optimizer_config": SGD, **more}


def weights(name: str, *shapes: tuple[str, tuple[int, ...]]) -> list[StoredWeight]:
    return [stored(f"{name}/{role}", shape, name) for role, shape in shapes]


def of_dense(name: str, width: int) -> list[StoredWeight]:
    return weights(name, ("kernel", (width, 2)), ("bias", (2,)))


def test_an_uncompiled_model_cannot_be_trained() -> None:
    config = sequential(input2("x", (None, 3)), dense("d", units=2))
    assert not translate(model(config, *of_dense("d", 3))).summary.trainable


def test_outputs_have_the_names_that_tfjs_will_know() -> None:
    """Keras knows outputs by the key of a dict, tfjs by the layer, whose name may change."""
    heads = [dense(name, keras2("x"), units=2) for name in ("é", "b")]
    ends = {"first": ["b", 0, 0], "second": ["é", 0, 0]}
    config = functional([input2("x", (None, 3)), *heads], ends)
    training = compiled({"second": "mae", "first": "mse"}, metrics={"second": ["mse"]})
    found = translate(model(config, *of_dense("b", 3), *of_dense("é", 3), training=training))
    names = [tensor.name for tensor in found.summary.outputs]
    assert names[0] == "b"
    assert names[1] != "é"
    assert found.training.served == {
        "optimizer_config": SGD,
        "loss": ["mean_squared_error", "mean_absolute_error"],
        "metrics": {names[0]: [], names[1]: ["mse"]},
    }
    assert found.summary.trainable


@pytest.mark.parametrize("mask_zero", [False, True])
def test_a_mask_at_the_end_leaves_the_training_out(mask_zero: bool) -> None:
    table = entry("Embedding", "e", input_dim=5, output_dim=3, mask_zero=mask_zero)
    config = sequential(input2("x", (None, 4)), table, dense("d", units=2))
    held = [*weights("e", ("embeddings", (5, 3))), *of_dense("d", 3)]
    found = translate(model(config, *held, training=compiled("mse")))
    text = (
        "the training settings are left out: the output d has a mask, which the losses of "
        "TensorFlow.js do not see"
    )
    note = Note(text, kind=NoteKind.DROPPED)
    assert (note in found.summary.warnings) is mask_zero
    assert found.summary.trainable is not mask_zero


@pytest.mark.parametrize(
    ("fields", "is_trainable", "words"),
    [
        ({}, True, None),
        ({"trainable": False}, True, "the BatchNormalization n, not trained, normalises"),
        ({"scale": False}, False, "the BatchNormalization n has no gamma or no beta"),
    ],
)
def test_normalizations(fields: dict[str, Any], is_trainable: bool, words: str | None) -> None:
    settings = {"axis": [1], "momentum": 0.9, "epsilon": 0.001, "center": True, "scale": True}
    norm = entry("BatchNormalization", "n", **{**settings, **fields})
    roles = ("gamma", "beta", "moving_mean", "moving_variance")
    held = [(role, (3,)) for role in roles if fields.get("scale", True) or role != "gamma"]
    config = sequential(input2("x", (None, 3)), norm)
    found = translate(model(config, *weights("n", *held), training=compiled("mse")))
    assert found.summary.trainable is is_trainable
    texts = [note.text for note in found.summary.warnings]
    assert [words in text for text in texts if words] == ([True] if words else [])
