"""The fuzzer of scripts/fuzz, a few hundred cases of it."""

from __future__ import annotations

import asyncio
import random
import sys
from pathlib import Path

import pytest

from tests.hostile.beside import Beside
from tests.hostile.fuzz import Fuzzer, bases
from tests.hostile.mutations import mutated

CASES = 100


def test_a_case_is_the_same_whenever_it_runs(tmp_path: Path) -> None:
    for base in bases(tmp_path)[::9]:
        first, again, other = (mutated(base, random.Random(seed)) for seed in (1, 1, 2))
        assert first == again
        assert first != other


@pytest.mark.skipif(sys.platform != "linux", reason="an endless loop would last for minutes")
@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", [0, 1000, 2000])
def test_damaged_and_hostile_files_are_refused_or_converted_whole(
    first: int, tmp_path: Path
) -> None:
    found = bases(tmp_path)
    # A step that shares no factor with the number of files: all kinds come into their turn.
    picked = found[-7:] + found[:: max(1, len(found) // 40)]
    with Beside.started() as beside:
        tally = asyncio.run(Fuzzer(tmp_path, picked).run(range(first, first + CASES), beside))
        told = beside.told()
    assert (tally.wrong, tally.faults) == ([], [])
    assert told.is_well, told
    assert tally.cases == CASES
    assert tally.converted > 0
    assert tally.refused.total() > 0
