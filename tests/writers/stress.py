"""Many saves in every style beside a running server: what was served, missed and reported.

Usage: scripts/stress-saves [--saves N] [--layers N] [--units N] [--seed N] [--keras]
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.command import serving
from tests.writers.keras_saves import hammer_all
from tests.writers.processes import Failures, Writer
from tests.writers.reader import Found, Reader
from tests.writers.styles import KILLED, REAL_TOOLS, STYLES
from tests.writers.versions import Plan

LIMIT_S = 30.0
"""How long a stable version may take before it counts as missed, however slow the machine."""


@dataclass(frozen=True, slots=True)
class Step:
    """One save. `is_awaited`: the next one comes when this one is served, or reported broken."""

    suffix: str
    style: str
    is_awaited: bool


@dataclass(slots=True)
class Outcome:
    """What came of it; a promise holds when its list is empty.

    failed_saves: saves that ended in an error. missed: complete versions, left alone, that were
    not served. wrong: loads that were not one whole version. failures: what was reported broken
    by the server though it was not, or otherwise than once. unreported: files left broken of
    which nothing was said. latencies_ms: from close to the first load of the version.
    """

    saves: Counter[str] = field(default_factory=Counter)
    failed_saves: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    unreported: list[str] = field(default_factory=list)
    reported: int = 0
    loads: int = 0
    conversions: int = 0
    latencies_ms: dict[str, list[float]] = field(default_factory=dict)

    @property
    def broken_promises(self) -> list[str]:
        """Return everything that should not have happened."""
        lists = (self.failed_saves, self.missed, self.wrong, self.failures, self.unreported)
        return [text for texts in lists for text in texts]


def steps(saves: int, seed: int, real_tools: bool = False) -> Iterator[Step]:
    """Yield saves, each style in turn, in an order of chance.

    What follows on a killed writer is a whole file: at once, or when the broken one was told of.
    """
    chance = random.Random(seed)
    more = tuple(REAL_TOOLS) if real_tools else ()
    every = [(suffix, name) for suffix, named in STYLES.items() for name in (*named, *more)]
    count = 0
    while count < saves:
        for suffix, style in chance.sample(every, len(every)):
            is_awaited = chance.random() < 0.5
            yield Step(suffix, style, is_awaited)
            count += 1
            if style in KILLED:
                yield Step(suffix, "copied", is_awaited or chance.random() < 0.5)
                count += 1
            if count >= saves:
                return


def run(todo: Sequence[Step], plan: Plan, *, pause_s: float, say: bool = False) -> Outcome:
    """Carry out the saves beside a server of their own."""
    outcome = Outcome()
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-stress-") as place:
        models = Path(place) / "models"
        models.mkdir()
        with _at_work(models, plan, pause_s) as (writer, failures, readers):
            for version, step in enumerate(todo, 1):
                path = models / f"{step.suffix[1:]}{step.suffix}"
                _save(step, path, version, writer, failures, readers[path.stem], outcome)
                if say and version % 50 == 0:
                    print(f"{version} of {len(todo)}", file=sys.stderr, flush=True)
            _let_settle(todo, failures, readers, outcome)
        for reader in readers.values():
            _add(outcome, reader.found)
        outcome.conversions = sum(line["event"] == "converted" for line in failures.lines)
    return outcome


@contextmanager
def _at_work(
    models: Path, plan: Plan, pause_s: float
) -> Iterator[tuple[Writer, Failures, Mapping[str, Reader]]]:
    with serving([str(models)]) as server:
        writer = Writer(plan, pause_s)
        failures = Failures(server)
        readers = {suffix[1:]: Reader(server.ready["port"], suffix[1:]) for suffix in STYLES}
        failures.start()
        for reader in readers.values():
            reader.start()
        try:
            yield writer, failures, readers
        finally:
            for reader in readers.values():
                reader.close()
            writer.close()
            server.process.terminate()
            failures.join()


def _save(
    step: Step,
    path: Path,
    version: int,
    writer: Writer,
    failures: Failures,
    reader: Reader,
    outcome: Outcome,
) -> None:
    what = f"{version}, {step.style} of {path.name}"
    before = len(failures.of(path.stem))
    status, closed = writer.save(step.style, path, version)
    outcome.saves[step.style] += 1
    if step.style in KILLED:
        if step.is_awaited:
            outcome.reported += 1
            if not failures.wait_for(path.stem, before + 1, LIMIT_S):
                outcome.unreported.append(what)
    elif status:
        outcome.failed_saves.append(f"{what}: status {status}")
    elif step.is_awaited:
        seen = reader.wait_for(version, LIMIT_S)
        if seen is None:
            outcome.missed.append(what)
        else:
            outcome.latencies_ms.setdefault(step.style, []).append((seen - closed) * 1000)


def _let_settle(
    todo: Sequence[Step],
    failures: Failures,
    readers: Mapping[str, Reader],
    outcome: Outcome,
) -> None:
    """Wait for the last version of each file, then compare what was reported with what was done."""
    for name, reader in readers.items():
        mine = [(v, step) for v, step in enumerate(todo, 1) if step.suffix[1:] == name]
        last, step = mine[-1] if mine else (0, None)
        is_whole = step is not None and step.style not in KILLED
        if is_whole and reader.wait_for(last, LIMIT_S) is None:
            outcome.missed.append(f"{last}, the last of {name}")
        expected = sum(step.is_awaited and step.style in KILLED for _, step in mine)
        told = failures.of(name)
        strange = [line["error"] for line in told if "is incomplete" not in line["error"]]
        outcome.failures += strange
        if len(told) != expected:
            outcome.failures.append(f"{name}: {len(told)} failures told instead of {expected}")


def _add(outcome: Outcome, found: Found) -> None:
    outcome.loads += found.loads
    outcome.wrong += [f"{text} ({count} times)" for text, count in found.wrong.items()]


def main() -> None:
    """Run at the size that is asked for, and print what came of it."""
    parser = argparse.ArgumentParser(prog="scripts/stress-saves", description=__doc__)
    parser.add_argument("--saves", type=int, default=500)
    parser.add_argument("--layers", type=int, default=16)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--pause-ms", type=float, default=60)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--keras", action="store_true", help="saves of real Kerases instead")
    given = parser.parse_args()
    plan = Plan(given.layers, given.units)
    if given.keras:
        sys.exit(not hammer_all(given.saves, plan))
    todo = list(steps(given.saves, given.seed, real_tools=True))
    print(f"seed {given.seed}, {len(todo)} saves of {plan.nbytes / 1e6:.1f} MB")
    outcome = run(todo, plan, pause_s=given.pause_ms / 1000, say=True)
    print(report(outcome))
    sys.exit(bool(outcome.broken_promises))


def report(outcome: Outcome) -> str:
    """Return the figures as text."""
    every: list[Any] = [ms for values in outcome.latencies_ms.values() for ms in values]
    cuts = statistics.quantiles(every, n=20, method="inclusive")
    lines = [
        f"{sum(outcome.saves.values())} saves, {outcome.conversions} versions served, "
        f"{outcome.loads} loads",
        f"failed saves: {len(outcome.failed_saves)}",
        f"mixed, missing or older loads: {len(outcome.wrong)}",
        f"stable versions missed: {len(outcome.missed)} of {len(every) + len(outcome.missed)}",
        f"files left broken: {outcome.reported}, not reported: {len(outcome.unreported)}, "
        f"reported wrongly: {len(outcome.failures)}",
        f"close to first load: median {cuts[9]:.0f} ms, p95 {cuts[18]:.0f} ms, "
        f"worst {max(every):.0f} ms",
        "",
        *(
            f"{style:>18}: {count:4} saves"
            + (f", median {statistics.median(ms):6.0f} ms, worst {max(ms):6.0f} ms" if ms else "")
            for style, count in sorted(outcome.saves.items())
            for ms in [outcome.latencies_ms.get(style, [])]
        ),
        *outcome.broken_promises,
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
