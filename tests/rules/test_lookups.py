from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.models import KERAS2, KERAS3, functional, layer, source, stored
from tests.rules.lowered import fields, outline, values
from tfjs_serve.graph import Layer, TensorRef, Weight
from tfjs_serve.lowering.number_kinds import Kind, kinds_of
from tfjs_serve.report import Note
from tfjs_serve.rewriting.rule import Lowering, Refusal
from tfjs_serve.rules.lookups import STOPS, rewrite

WORDS = [3, 1, 40]
BINS = [-1.0, 0.0, 0.5]


def lookup(**config: Any) -> Layer:
    return layer("IntegerLookup", **{"vocabulary": WORDS, "dtype": "int64", **config})


def bins(**config: Any) -> Layer:
    return layer("Discretization", **{"bin_boundaries": BINS, "dtype": "int64", **config})


def test_nothing_to_look_up() -> None:
    assert rewrite(layer("StringLookup", vocabulary=["a"]), KERAS3) is None


@pytest.mark.parametrize(
    ("before", "word"),
    [
        pytest.param(lookup(vocabulary=None), "vocabulary", id="adapted"),
        pytest.param(lookup(vocabulary=[]), "vocabulary", id="empty"),
        pytest.param(lookup(vocabulary=[10**19]), "safe whole numbers", id="beyond JavaScript"),
        pytest.param(lookup(vocabulary="ab"), "safe whole numbers", id="no list"),
        pytest.param(lookup(vocabulary=[2**24]), "floats round", id="large"),
        pytest.param(lookup(mask_token=-(2**24)), "floats round", id="large mask"),
        pytest.param(lookup(sparse=True, output_mode="count"), "sparse", id="sparse"),
        pytest.param(lookup(output_mode="magic"), "output_mode", id="mode"),
        pytest.param(lookup(num_oov_indices=-1), "num_oov_indices", id="fewer than none"),
        pytest.param(lookup(num_oov_indices=2, oov_method="farmhash"), "farmhash", id="hashed"),
        pytest.param(lookup(vocabulary=[3, 1, 3]), "a token twice", id="repeated"),
        pytest.param(lookup(output_mode="tf_idf"), "idf_weights", id="no weights"),
        pytest.param(
            replace(
                lookup(output_mode="tf_idf", idf_weights=[1.0, 2.0, 6.0]),
                weights=(Weight("idf_weights", stored("idf_weights", (3,))),),
            ),
            "idf_weights",
            id="weights of another vocabulary",
        ),
        pytest.param(bins(bin_boundaries=None, num_bins=4), "bin_boundaries", id="adapted bins"),
        pytest.param(bins(bin_boundaries=[]), "bin_boundaries", id="no bins"),
        pytest.param(bins(bin_boundaries=[1.0, 0.0]), "do not rise", id="bins that fall"),
    ],
)
def test_what_is_refused(before: Layer, word: str) -> None:
    result = rewrite(before, KERAS3)
    assert isinstance(result, Refusal)
    assert word in result.reasons[0].why


@pytest.mark.parametrize(
    ("config", "table"),
    [
        ({}, ([1, 3, 40], [2, 1, 3], 0, 1)),
        ({"num_oov_indices": 3}, ([1, 3, 40], [4, 3, 5], 0, 3)),
        ({"mask_token": 0}, ([0, 1, 3, 40], [0, 3, 2, 4], 1, 1)),
        ({"vocabulary": [0, -1, *WORDS], "mask_token": 0}, ([0, 1, 3, 40], [0, 3, 2, 4], 1, 1)),
        # Keras stops at another token; its index is one of no row.
        ({"num_oov_indices": 0}, ([1, 3, 40], [1, 0, 2], -1, 1)),
        ({"invert": True}, ([1, 2, 3], [3, 1, 40], -1, 1)),
        ({"invert": True, "oov_token": -7}, ([1, 2, 3], [3, 1, 40], -7, 1)),
        ({"invert": True, "mask_token": 9}, ([0, 2, 3, 4], [9, 3, 1, 40], -1, 1)),
    ],
)
def test_the_table_of_a_vocabulary(config: dict[str, Any], table: tuple[Any, ...]) -> None:
    result = rewrite(lookup(**config), KERAS2)
    assert outline(result) == [("a", "TfjsServeLookup")]
    assert fields(result, "a", "keys", "indices", "start", "count") == table
    assert fields(result, "a", "encoding", "depth", "trainable") == ("int", None, False)


@pytest.mark.parametrize(
    ("mode", "config", "encoding", "depth"),
    [
        ("one_hot", {}, "onehot", 4),
        ("multi_hot", {"num_oov_indices": 2}, "multihot", 5),
        ("binary", {}, "multihot", 4),
        ("count", {"max_tokens": 9}, "count", 4),
        ("count", {"max_tokens": 9, "pad_to_max_tokens": True}, "count", 9),
    ],
)
def test_encodings(mode: str, config: dict[str, Any], encoding: str, depth: int) -> None:
    result = rewrite(lookup(output_mode=mode, **config), KERAS3)
    assert fields(result, "a", "encoding", "depth") == (encoding, depth)


def test_a_mask_token_counts_for_nothing() -> None:
    result = rewrite(lookup(output_mode="count", mask_token=0), KERAS3)
    assert fields(result, "a", "keys", "indices", "depth") == ([0, 1, 3, 40], [-1, 2, 1, 3], 4)


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({"idf_weights": [1.0, 2.0, 6.0]}, [3.0, 1.0, 2.0, 6.0]),
        (
            {"vocabulary": [-1, *WORDS], "idf_weights": [0.5, 1.0, 2.0, 6.0]},
            [0.5, 1.0, 2.0, 6.0],
        ),
        (
            {"idf_weights": [1.0, 2.0, 6.0], "max_tokens": 6, "pad_to_max_tokens": True},
            [3.0, 1.0, 2.0, 6.0, 0.0, 0.0],
        ),
    ],
)
def test_frequencies_weigh_what_is_counted(config: dict[str, Any], scale: list[float]) -> None:
    result = rewrite(lookup(output_mode="tf_idf", **config), KERAS3)
    assert outline(result) == [("a__count", "TfjsServeLookup"), ("a", "Rescaling")]
    assert fields(result, "a__count", "encoding") == ("count",)
    assert fields(result, "a", "scale", "offset") == (scale, 0.0)


@pytest.mark.parametrize("given", [None, [9.0, 9.0, 9.0]])
def test_frequencies_of_the_file_go_before_those_of_the_config(given: list[float] | None) -> None:
    weights = (Weight("idf_weights", stored("idf_weights", (4,))),)
    before = replace(lookup(output_mode="tf_idf", idf_weights=given), weights=weights)
    result = rewrite(before, KERAS3)
    assert outline(result) == [
        ("a__count", "TfjsServeLookup"),
        ("a__weighted__channels", "Reshape"),
        ("a__weighted", "DepthwiseConv2D"),
        ("a", "Reshape"),
    ]
    kernel = values(result, "a__weighted", "depthwise_kernel", [3.0, 1.0, 2.0, 6.0])
    assert kernel == [[[[3.0], [1.0], [2.0], [6.0]]]]
    assert fields(result, "a__weighted", "trainable") == (False,)


@pytest.mark.parametrize(
    ("mode", "encoding", "depth"), [("int", "int", None), ("count", "count", 4)]
)
def test_bins(mode: str, encoding: str, depth: int | None) -> None:
    result = rewrite(bins(output_mode=mode), KERAS2)
    assert outline(result) == [("a", "TfjsServeLookup")]
    assert fields(result, "a", "boundaries", "encoding", "depth") == (BINS, encoding, depth)


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        (lookup(), Kind.WHOLE),
        (lookup(output_mode="count"), Kind.WHOLE),
        (lookup(output_mode="tf_idf"), Kind.FLOAT),
        (bins(), Kind.WHOLE),
        (bins(output_mode="count"), Kind.FLOAT),
    ],
)
def test_indices_are_whole_numbers_to_what_follows(before: Layer, kind: Kind) -> None:
    kinds = kinds_of(functional([source(), before], ["a"]), 3)
    assert kinds.get(TensorRef("a"), Kind.FLOAT) is kind


@pytest.mark.parametrize(
    ("config", "notes"),
    [({}, ()), ({"num_oov_indices": 0}, (Note(STOPS, "a"),)), ({"invert": True}, ())],
    ids=str,
)
def test_a_closed_vocabulary_is_told_of(config: dict[str, Any], notes: tuple[Note, ...]) -> None:
    result = rewrite(lookup(**config), KERAS3)
    assert isinstance(result, Lowering)
    assert result.notes == notes
