"""Converts damaged and hostile files, many a second, through real workers beside a real server.

    python -m tests.hostile.fuzz [CASES [FIRST_SEED]]

Case N is the same whenever it runs. Files behind a fault are kept in build/fuzz. The exit status
is 1 after a leak, a fault of ours, a broken conversion, or when the server failed to answer.
"""

from __future__ import annotations

import asyncio
import os
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.hostile.beside import Beside
from tests.hostile.checking import complaints
from tests.hostile.mutations import Base, fixture_bases, hostile_bases, mutated, write_canary
from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError
from tfjs_serve.watching.limits import Limits
from tfjs_serve.watching.workers import Workers

KEPT = Path(__file__).parents[2] / "build" / "fuzz"
LIMITS = Limits(wall_s=20.0, cpu_s=1, memory_bytes=512 << 20, file_bytes=64 << 20, open_files=64)
"""Shorter than a server's, since every endless loop lasts until the limit of processor time."""

_AT_ONCE = 2
_AGAIN_EVERY = 4
_SERVED_EVERY = 50
_SENTENCES = 40
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|\([^()]*\)|\S*\\\S*")
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Tally:
    """What became of the cases.

    refused: sentences without what is particular to a file. lost: crashes by how they ended.
    wrong: seed and what was wrong with a conversion; faults: seed and the error that was ours.
    """

    cases: int = 0
    converted: int = 0
    repeated: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    limits: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[int, str]] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the figures for people."""
        yield f"{self.cases} cases: {self.converted} converted, {self.repeated} of them twice"
        for title, counts in (
            ("refused", self.refused),
            ("stopped at a limit", self.limits),
            ("crashed the worker", self.lost),
        ):
            yield f"{counts.total()} {title}"
            for sentence, count in counts.most_common(_SENTENCES):
                yield f"  {count:6} {sentence}"
            if len(counts) > _SENTENCES:
                others = sum(count for _, count in counts.most_common()[_SENTENCES:])
                yield f"  {others:6} with {len(counts) - _SENTENCES} other sentences"
        for title, found in (("wrong conversions", self.wrong), ("faults of ours", self.faults)):
            yield f"{len(found)} {title}"
            yield from (f"  seed {seed}: {text}" for seed, text in found)


class Fuzzer:
    """Makes the cases in a folder of its own and converts them."""

    def __init__(self, folder: Path, bases: list[Base]) -> None:
        """Use an empty folder."""
        self._folder = folder
        self._served = folder / "served"
        self._bases = bases
        self.tally = Tally()

    async def run(self, seeds: range, beside: Beside | None = None) -> Tally:
        """Convert the cases of some seeds; `beside` is given some of them as well."""
        workers = Workers(_AT_ONCE, limits_for=lambda nbytes: LIMITS)
        left = iter(seeds)

        async def work() -> None:
            for seed in left:
                base = self._bases[seed % len(self._bases)]
                data = await asyncio.to_thread(mutated, base, random.Random(seed))
                if beside is not None and seed % _SERVED_EVERY == 0:
                    beside.save(data)
                await self._case(workers, seed, data)

        try:
            await asyncio.gather(*(work() for _ in range(_AT_ONCE)))
        finally:
            await workers.close()
        return self.tally

    async def _case(self, workers: Workers, seed: int, data: bytes) -> None:
        path = self._folder / f"m{seed}.h5"
        path.write_bytes(data)
        tally = self.tally
        tally.cases += 1
        try:
            artifacts, _ = await workers.convert(path, self._served, "m", Options())
            wrong = list(complaints(artifacts, self._served))
            if seed % _AGAIN_EVERY == 0:
                tally.repeated += 1
                again, _ = await workers.convert(path, self._served, "m", Options())
                wrong += ["another digest the second time"] * (again.digest != artifacts.digest)
            tally.converted += 1
            tally.wrong += [(seed, text) for text in wrong]
            self._forget(artifacts)
            is_kept = bool(wrong)
        except ConversionError as error:
            is_kept = self._refused(seed, str(error))
        if is_kept:
            KEPT.mkdir(parents=True, exist_ok=True)
            path.replace(KEPT / f"{seed}.h5")
        else:
            path.unlink()

    def _refused(self, seed: int, sentence: str) -> bool:
        """Count a refusal; tell whether its file is worth keeping."""
        sentence = sentence.removeprefix(f"m{seed}.h5 ").replace(f"m{seed}.h5", "the file")
        if sentence.startswith("the converter failed"):
            self.tally.faults.append((seed, sentence))
        elif sentence.startswith("the converter crashed"):
            self.tally.lost[sentence] += 1
        elif sentence.startswith("took the converter to its limit"):
            self.tally.limits[sentence] += 1
            return False
        else:
            if "\n" in sentence:
                self.tally.faults.append((seed, f"more than one line: {sentence!r}"))
            self.tally.refused[_general(sentence)] += 1
            return False
        return True

    def _forget(self, artifacts: Artifacts) -> None:
        for shard in artifacts.shards:
            (self._served / "_w" / shard.name).unlink(missing_ok=True)


def _general(sentence: str) -> str:
    """Return a sentence without names and numbers of one file."""
    while (shorter := _QUOTED.sub("…", sentence)) != sentence:
        sentence = shorter
    return _NUMBER.sub("N", sentence)[:150]


def bases(folder: Path) -> list[Base]:
    """Return all files to be changed; the canary is written into the folder."""
    return [*fixture_bases(), *hostile_bases(write_canary(folder / "canary.h5"))]


def main(arguments: list[str]) -> int:
    """Run cases from a seed on beside a server, and print what became of them."""
    count, first = (int(a) if a else 0 for a in [*arguments, "", ""][:2])
    count = count or 20_000
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-fuzz-") as name, Beside.started() as beside:
        if hasattr(os, "nice"):
            os.nice(10)  # The server and who asks it come first, as they would beside a training.
        fuzzer = Fuzzer(Path(name), bases(Path(name)))
        with suppress(KeyboardInterrupt):  # Told of all the same, up to there.
            asyncio.run(fuzzer.run(range(first, first + count), beside))
        tally = fuzzer.tally
        told = beside.told()
    seconds = time.monotonic() - started
    print("\n".join(tally.lines()))
    print("\n".join(told.lines()))
    print(f"{seconds:.0f} s, {tally.cases / seconds:.1f} cases a second")
    return 1 if tally.wrong or tally.faults or not told.is_well else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
