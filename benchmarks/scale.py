"""A folder of very many models: first conversion, start, memory, idle processor use, one change.

Usage: scripts/bench scale [--models N] [--small N] [--idle SECONDS] [--write]

The models are the sample models, each copy with a weight of its own, so that no shard is shared.
The load of the machine stands beside the figures; it is what others did meanwhile.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import h5py

from benchmarks.measure import ROOT, Samples, cpu_s, report, resident_mb, table
from benchmarks.server import event, serving

MIXED = ("diabetes", "digits_keras2", "digits_keras3", "digits_parity", "iris", "topics", "wine")
SMALL = ("diabetes", "iris", "wine")
STARTS = 5
CHANGES = 20


@dataclass(slots=True)
class Found:
    """What was measured of one folder."""

    count: int
    first_s: float = 0.0
    first_cpu_s: float = 0.0
    starts: Samples = field(default_factory=Samples)
    starts_cpu_s: list[float] = field(default_factory=list)
    memory_mb: float = 0.0
    idle_percent: float = 0.0
    changes: Samples = field(default_factory=Samples)

    def rows(self) -> list[list[str]]:
        """Return the rows of the table."""
        per_model = self.first_s / self.count * 1000
        figures = {
            "first conversion of all": f"{self.first_s:.1f} s, {per_model:.0f} ms a model",
            "processor time of the server for it": f"{self.first_cpu_s:.1f} s",
            "start to ready, all converted": _spread(self.starts),
            "processor time of it": f"best {min(self.starts_cpu_s) * 1000:.0f} ms",
            "memory of the server": f"{self.memory_mb:.0f} MB",
            "idle, of one core": f"{self.idle_percent:.2f} %",
            "one change, close to converted": _spread(self.changes),
        }
        return [[str(self.count), name, text] for name, text in figures.items()]


def _spread(samples: Samples) -> str:
    return f"median {samples.median_ms:.0f} ms, best {min(samples.ms):.0f} ms"


def make(folder: Path, kinds: Sequence[str], count: int) -> None:
    """Lay `count` models into a folder, a hundred to a sub-folder."""
    for number in range(count):
        kind = kinds[number % len(kinds)]
        path = folder / f"{number // 100:02}" / f"{kind}_{number:04}.h5"
        path.parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / "sample_models" / f"{kind}.h5", path)
        mark(path, number)


def mark(path: Path, number: int) -> None:
    """Write a number into the first weight of a model, in place, as a training does."""
    with h5py.File(path, "r+", locking=False) as file:
        names: list[str] = []
        file["model_weights"].visit(names.append)
        weights = (file["model_weights"][name] for name in names)
        first = next(item for item in weights if isinstance(item, h5py.Dataset) and item.size)
        first[(0,) * first.ndim] = float(number)


def measure(kinds: Sequence[str], count: int, idle_s: float) -> Found:
    """Return what was measured of a folder of `count` models."""
    found = Found(count)
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as name:
        folder = Path(name)
        make(folder, kinds, count)
        start = time.perf_counter()
        with serving(folder) as (process, _):
            for _ in range(count):
                event(process, "converted")
            found.first_s = time.perf_counter() - start
            found.first_cpu_s = cpu_s(process.pid)
        measure_converted(folder, found, idle_s)
    return found


def measure_converted(folder: Path, found: Found, idle_s: float) -> None:
    """Measure a folder whose models are converted: starts, then a server that idles and works."""
    for _ in range(STARTS):
        start = time.perf_counter()
        with serving(folder) as (process, _):
            found.starts.ms.append((time.perf_counter() - start) * 1000)
            found.starts_cpu_s.append(cpu_s(process.pid))
            _wait_for_reused(process, found.count)
    with serving(folder) as (process, _):
        _wait_for_reused(process, found.count)
        time.sleep(5)  # The first scan after the start, the worker that is warmed.
        before = cpu_s(process.pid)
        time.sleep(idle_s)
        found.idle_percent = (cpu_s(process.pid) - before) / idle_s * 100
        found.memory_mb = resident_mb(process.pid)
        sources = sorted(folder.rglob("*.h5"))[:: max(1, found.count // CHANGES)]
        for number, source in enumerate(sources):
            mark(source, -1 - number)
            start = time.perf_counter()
            event(process, "converted")
            found.changes.ms.append((time.perf_counter() - start) * 1000)


def _wait_for_reused(process: subprocess.Popen[str], count: int) -> None:
    for _ in range(count):
        event(process, "reused", "converted")  # The latter where the converter changed since.


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=1000)
    parser.add_argument("--small", type=int, default=5000)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds of idling")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    rows: list[list[str]] = []
    before = os.getloadavg()[0]
    for kinds, count in ((MIXED, options.models), (SMALL, options.small)):
        if count:
            rows += measure(kinds, count, options.idle).rows()
    loads = f"{before:.1f} before, {os.getloadavg()[0]:.1f} after, ours included"
    rows.append(["", "load of the machine", loads])
    report("scale", table(["models", "what", "found"], rows))


if __name__ == "__main__":
    main()
