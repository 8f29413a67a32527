from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest

from tfjs_serve.layers_format.weights import (
    ITEM_BYTES,
    MANIFEST_DTYPES,
    WRITTEN_AS,
    ManifestEntry,
    Piece,
    cut_anywhere,
    cut_between_tensors,
    cut_groups,
    shard_names,
)


def test_tables_fit_together() -> None:
    assert set(WRITTEN_AS.values()) == set(MANIFEST_DTYPES) == set(ITEM_BYTES)
    assert all(name.startswith("<") for name in MANIFEST_DTYPES)


def test_manifest_entry_has_the_official_order() -> None:
    found = ManifestEntry("a/kernel", (2, 3), "float32").as_json()
    assert list(found.items()) == [
        ("name", "a/kernel"),
        ("shape", [2, 3]),
        ("dtype", "float32"),
    ]


def test_manifest_entry_of_a_quantised_weight() -> None:
    found = ManifestEntry("a/bias", (), "float32", {"dtype": "uint8", "min": -1.0}).as_json()
    assert list(found.items()) == [
        ("name", "a/bias"),
        ("shape", []),
        ("dtype", "float32"),
        ("quantization", {"dtype": "uint8", "min": -1.0}),
    ]


Runs = list[list[tuple[int, int, int]]]


@pytest.mark.parametrize(
    ("sizes", "anywhere", "between"),
    [
        pytest.param([], [], [], id="nothing"),
        pytest.param([0, 0], [], [], id="tensors without values"),
        pytest.param([10], [[(0, 0, 10)]], [[(0, 0, 10)]], id="just full"),
        pytest.param(
            [4, 6], [[(0, 0, 4), (1, 0, 6)]], [[(0, 0, 4), (1, 0, 6)]], id="two, just full"
        ),
        pytest.param(
            [4, 0, 2], [[(0, 0, 4), (2, 0, 2)]], [[(0, 0, 4), (2, 0, 2)]], id="one without values"
        ),
        pytest.param(
            [6, 6],
            [[(0, 0, 6), (1, 0, 4)], [(1, 4, 6)]],
            [[(0, 0, 6)], [(1, 0, 6)]],
            id="one is not cut where it fits a shard",
        ),
        pytest.param(
            [11],
            [[(0, 0, 10)], [(0, 10, 11)]],
            [[(0, 0, 10)], [(0, 10, 11)]],
            id="larger than a shard",
        ),
        pytest.param(
            [4, 25, 3],
            [[(0, 0, 4), (1, 0, 6)], [(1, 6, 16)], [(1, 16, 25), (2, 0, 1)], [(2, 1, 3)]],
            [[(0, 0, 4), (1, 0, 6)], [(1, 6, 16)], [(1, 16, 25)], [(2, 0, 3)]],
            id="a large one begins in the room that is left",
        ),
        pytest.param(
            [12, 8],
            [[(0, 0, 10)], [(0, 10, 12), (1, 0, 8)]],
            [[(0, 0, 10)], [(0, 10, 12), (1, 0, 8)]],
            id="a small one fills up behind a large one",
        ),
        pytest.param(
            [10, 10],
            [[(0, 0, 10)], [(1, 0, 10)]],
            [[(0, 0, 10)], [(1, 0, 10)]],
            id="shard by shard",
        ),
    ],
)
def test_shards_of_ten_bytes(sizes: list[int], anywhere: Runs, between: Runs) -> None:
    assert cut_anywhere(sizes, 10) == [[Piece(*run) for run in shard] for shard in anywhere]
    assert cut_between_tensors(sizes, 10) == [[Piece(*run) for run in shard] for shard in between]


Cut = Callable[[Sequence[int], int], list[list[Piece]]]


def random_plans(count: int) -> list[tuple[list[int], int]]:
    rng = random.Random(4)
    return [
        (
            [
                rng.choice((0, 1, 4, rng.randint(1, 40), rng.randint(1, 400)))
                for _ in range(rng.randint(0, 12))
            ],
            rng.choice((1, 3, 16, 64, 1000)),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize("cut", [cut_anywhere, cut_between_tensors])
def test_every_byte_is_written_once_and_in_order(cut: Cut) -> None:
    for sizes, shard_bytes in random_plans(300):
        shards = cut(sizes, shard_bytes)
        pieces = [piece for shard in shards for piece in shard]
        assert [(p.tensor, at) for p in pieces for at in range(p.start, p.stop)] == [
            (tensor, at) for tensor, size in enumerate(sizes) for at in range(size)
        ]
        assert all(piece.start < piece.stop for piece in pieces)
        assert all(0 < sum(p.stop - p.start for p in shard) <= shard_bytes for shard in shards)


def test_the_official_shards_are_full_but_for_the_last() -> None:
    for sizes, shard_bytes in random_plans(300):
        lengths = [
            sum(p.stop - p.start for p in shard) for shard in cut_anywhere(sizes, shard_bytes)
        ]
        assert all(length == shard_bytes for length in lengths[:-1])


@pytest.mark.parametrize(
    ("groups", "shards"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([[]], [[]], id="a group without weights"),
        pytest.param(
            [[4, 8], [], [3, 25]],
            [
                [[(0, 0, 4), (1, 0, 6)], [(1, 6, 8)]],
                [],
                [[(2, 0, 3), (3, 0, 7)], [(3, 7, 17)], [(3, 17, 25)]],
            ],
            id="every group begins a shard",
        ),
    ],
)
def test_groups_of_shards_of_ten_bytes(groups: list[list[int]], shards: list[Runs]) -> None:
    assert cut_groups(groups, 10) == [
        [[Piece(*run) for run in shard] for shard in group] for group in shards
    ]


def test_names_of_shards() -> None:
    assert shard_names(1, 0) == ()
    assert shard_names(3, 2) == ("group3-shard1of2.bin", "group3-shard2of2.bin")


def test_a_tensor_that_fits_a_shard_lies_in_one() -> None:
    for sizes, shard_bytes in random_plans(300):
        shards = cut_between_tensors(sizes, shard_bytes)
        for tensor, size in enumerate(sizes):
            holding = [
                index
                for index, shard in enumerate(shards)
                if any(p.tensor == tensor for p in shard)
            ]
            assert len(holding) <= 1 or size > shard_bytes
        # Nor is a shard begun while the tensor would have fitted the one before.
        for before, after in pairwise(shards):
            room = shard_bytes - sum(p.stop - p.start for p in before)
            assert room == 0 or room < sizes[after[0].tensor] <= shard_bytes
