"""A server that is killed at random points of publishing, and what the next one serves.

Run as `scripts/publishing kills [TIMES [SEED]]`. Between two kills every model is saved anew. What
counts: the folder by itself and then the next server, once it is ready, have every model whole, in
the version that was told of last or in a newer one.
"""

from __future__ import annotations

import random
import sys
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Timer
from typing import Any

from tests.command import Served, serving
from tests.publishing.versions import SETTINGS, Wrong, load, read, save
from tfjs_serve.library import Library

NAMES = ("a", "b", "sub/c", "sub/d")
SPAN_S = 0.6
"""By then the four are converted, unless the machine is busy: kills come before, in and after."""

_LATER = 4e9
"""A time at which everything that is not needed may be deleted."""


@dataclass(slots=True)
class Tally:
    """What became of the kills; kept, newer: models found in the version told of last, or a newer.

    told: versions that were told of between a save and its kill, of as many as there are models.
    """

    kills: int = 0
    told: list[int] = field(default_factory=list)
    kept: int = 0
    newer: int = 0
    wrong: list[str] = field(default_factory=list)


class Killed:
    """A folder of models whose server is killed again and again."""

    def __init__(self, folder: Path) -> None:
        """Save a first version of every model."""
        self.tally = Tally()
        self._models = folder / "models"
        self._served = self._models / ".tfjs-serve"
        self._settings = folder / "settings.toml"
        self._settings.write_text(SETTINGS)
        (self._models / "sub").mkdir(parents=True)
        self._version = 0
        self._told: dict[str, int] = {}
        self._save()

    def kill(self, after_s: float) -> None:
        """Start a server, check what it serves, save all models, and kill it some time later."""
        with self._serving() as server:
            self._check(server)
            self._settle(server)
            self._save()
            timer = Timer(after_s, server.process.kill)
            timer.start()
            told = 0
            try:
                while True:
                    told += self._next_told(server) is not None
            except ValueError:  # The rest of the last line is missing: it is dead.
                server.process.wait()
            timer.join()
        self.tally.kills += 1
        self.tally.told.append(told)

    def finish(self) -> None:
        """Check what a last server makes of it, and what is left over when all is swept."""
        with self._serving() as server:
            self._check(server)
            self._settle(server)
            server.end()
        for name in NAMES:
            if read(self._served, name) != self._version:
                self.tally.wrong.append(f"lost: the last version of {name}")
        # A clock that stands still: a collection on a running one stops when it took long enough.
        later = Library(self._served, clock=lambda: _LATER, wall_clock=lambda: _LATER)
        later.load()
        later.collect()
        versions = [one for entry in later.unclaimed.values() for one in entry.versions]
        needed = {shard.name for version in versions for shard in version.artifacts.shards}
        found = {path.name for path in (self._served / "_w").iterdir()}
        self.tally.wrong += [f"lost: {name}" for name in needed - found]
        self.tally.wrong += [f"left over: {name}" for name in found - needed]
        self.tally.wrong += [f"left over: {path}" for path in self._served.rglob(".tmp-*")]

    def _serving(self) -> AbstractContextManager[Served]:
        for name in self._told:
            self._find(name, "in the folder", read, self._served)
        return serving([str(self._models), "--config", str(self._settings)])

    def _check(self, server: Served) -> None:
        for name in self._told:
            self._find(name, "on the server", _version, server.ready["port"])

    def _find(self, name: str, where: str, look: Any, at: Any) -> None:
        try:
            found = look(at, name)
        except Wrong as wrong:
            self.tally.wrong.append(f"{name} {where}: {wrong}")
            return
        if found < self._told[name]:
            self.tally.wrong.append(f"{name} {where}: version {found} after {self._told[name]}")
        elif found == self._told[name]:
            self.tally.kept += 1
        else:
            self.tally.newer += 1

    def _settle(self, server: Served) -> None:
        settled: set[str | None] = set()
        while not settled >= set(NAMES):
            settled.add(self._next_told(server))

    def _next_told(self, server: Served) -> str | None:
        """Wait for an event; return the model that it tells to be served as saved last."""
        event = server.event()
        if event["event"] == "failed":
            self.tally.wrong.append(f"{event['name']}: {event['error']}")
        if event["event"] not in ("converted", "reused"):
            return None
        name = str(event["name"])
        self._told[name] = self._version
        return name

    def _save(self) -> None:
        self._version += 1
        for name in NAMES:
            save(self._models / f"{name}.h5", self._version)


def _version(port: int, name: str) -> int:
    return load(port, name).version


def kills(
    folder: Path, times: int, seed: int, say: Callable[[Tally], None] = lambda tally: None
) -> Tally:
    """Kill a server so many times at random points and return what became of it."""
    draw = random.Random(seed)
    killed = Killed(folder)
    for _ in range(times):
        killed.kill(draw.uniform(0.0, SPAN_S))
        say(killed.tally)
    killed.finish()
    return killed.tally


def _say(tally: Tally) -> None:
    if tally.kills % 20 == 0:
        print(f"{tally.kills} kills, {len(tally.wrong)} wrong", file=sys.stderr, flush=True)


def main() -> None:
    """Kill so many times; exit status 1 when anything was wrong after one."""
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(10**6)
    with tempfile.TemporaryDirectory() as folder:
        tally = kills(Path(folder), times, seed, _say)
    told = {number: tally.told.count(number) for number in range(len(NAMES) + 1)}
    print(f"{tally.kills} kills, seed {seed}; versions told of before each: {told}")
    print(f"models found in the version told of {tally.kept}, newer {tally.newer}")
    print("\n".join(tally.wrong) or "nothing wrong")
    sys.exit(1 if tally.wrong else 0)


if __name__ == "__main__":
    main()
