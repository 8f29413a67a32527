"""Conversion beside `cp` and the official converter, interleaved, as processes and in a worker.

Usage: scripts/bench convert [--rounds N] [--large MB ...] [--no-official] [--write]

The peak of the worker is that of the process of one conversion; what it has before it reads a model
is told as the peak with a model of a few kilobytes.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import ROOT, Samples, report, run, table
from benchmarks.models import model
from tfjs_serve.artifacts import Options
from tfjs_serve.watching.workers import Workers

OURS = ROOT / ".venv" / "bin" / "tfjs-serve"
SMALL = ROOT / "sample_models" / "iris.h5"
OFFICIAL = ROOT / ".official" / "bin" / "tensorflowjs_converter"


async def measure(source: Path, folder: Path, rounds: int, *, official: bool) -> dict[str, Samples]:
    """Return the samples of every contender on one model."""
    found: dict[str, Samples] = defaultdict(Samples)
    workers = Workers(1)
    served = folder / "served"
    start = time.perf_counter()
    await workers.convert(source, served, "model", Options())
    found["worker, from start to first conversion"].ms.append((time.perf_counter() - start) * 1000)
    for _ in range(rounds):
        contenders: dict[str, list[str | Path]] = {
            "cp": ["cp", source, folder / "copy.h5"],
            "tfjs-serve convert": [OURS, "convert", source, folder / "ours"],
        }
        if official:
            words: list[str | Path] = ["--input_format", "keras", source, folder / "official"]
            contenders["tensorflowjs_converter 4.22"] = [OFFICIAL, *words]
        for name, command in contenders.items():
            _clear(folder / "copy.h5", folder / "ours", folder / "official")
            ms, mb = run(command)
            found[name].ms.append(ms)
            found[name].peak_mb.append(mb)
        _clear(served)
        start = time.perf_counter()
        await workers.convert(source, served, "model", Options())
        found["warm worker, sha256 included"].ms.append((time.perf_counter() - start) * 1000)
    await workers.close()
    found["warm worker, sha256 included"].peak_mb.append(_worker_peak_mb(source, served))
    return found


PEAK = """
import asyncio, resource, sys
from pathlib import Path
from tfjs_serve.artifacts import Options
from tfjs_serve.watching.workers import Workers
async def main(source, served):
    workers = Workers(1)
    await workers.convert(source, served, "model", Options())
    await workers.close()
asyncio.run(main(*map(Path, sys.argv[1:])))
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)
"""


def _worker_peak_mb(source: Path, served: Path) -> float:
    """Return the most that the process of one conversion had in memory, in MB."""
    command = [sys.executable, "-c", PEAK, str(source), str(served)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    return float(done.stdout)


def _clear(*paths: Path) -> None:
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def rows(source: Path, found: dict[str, Samples]) -> list[list[str]]:
    """Return the table rows of one model: medians, ratios to cp, peak memory."""
    cp = found["cp"].median_ms
    size = f"{source.stem}, {source.stat().st_size / 1e6:.0f} MB"
    return [
        [
            size,
            name,
            f"{samples.median_ms:.0f}",
            f"{min(samples.ms):.0f}",
            f"{samples.median_ms / cp:.2f}",
            f"{max(samples.peak_mb):.0f}" if samples.peak_mb else "",
        ]
        for name, samples in sorted(found.items(), key=lambda item: item[1].median_ms)
    ]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--large", type=int, nargs="*", default=[112, 500], help="MB of each")
    parser.add_argument("--no-official", action="store_true")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    lines: list[list[str]] = []
    for kind in ("mobilenet_v2", *(f"dense_{size}" for size in options.large)):
        source = model(kind)
        with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as folder:
            found = asyncio.run(
                measure(source, Path(folder), options.rounds, official=not options.no_official)
            )
        lines += rows(source, found)
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as folder:
        peak = _worker_peak_mb(SMALL, Path(folder))
    lines.append([SMALL.name, "warm worker", "", "", "", f"{peak:.0f}"])
    head = ["model", "contender", "median ms", "min ms", "x cp", "peak MB"]
    report("convert", table(head, lines))


if __name__ == "__main__":
    main()
