from __future__ import annotations

import json

import pytest

from tfjs_serve.watching.limits import Limits

MIB = 1 << 20


@pytest.mark.parametrize(
    ("nbytes", "expected"),
    [
        pytest.param(0, Limits(120.0, 30, 1024 * MIB, 256 * MIB), id="empty"),
        pytest.param(
            500_000_000,
            Limits(170.0, 40, 1024 * MIB + 2_000_000_000, 256 * MIB + 8_000_000_000),
            id="500 MB",
        ),
    ],
)
def test_limits_grow_with_the_file(nbytes: int, expected: Limits) -> None:
    assert Limits.for_file(nbytes) == expected


def test_limits_reach_the_worker_whole() -> None:
    limits = Limits.for_file(12_345_678)
    assert Limits.from_json(json.loads(json.dumps(limits.as_json()))) == limits


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("wall_s", "121 s"),
        ("cpu_s", "30 s of processor time"),
        ("memory_bytes", "1062 MiB of memory"),
        ("file_bytes", "409 MiB in one written file"),
        ("open_files", "64 open files"),
    ],
)
def test_every_limit_has_its_words(name: str, words: str) -> None:
    assert Limits.for_file(10_000_000).told(name) == words
