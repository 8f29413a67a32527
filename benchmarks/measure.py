"""What every benchmark shares: timed processes, medians, ratios, and where they were taken."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
CACHE = ROOT / "benchmarks" / ".cache"
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(slots=True)
class Samples:
    """Times in milliseconds and peak memory in MB of one contender on one task."""

    ms: list[float] = field(default_factory=list)
    peak_mb: list[float] = field(default_factory=list)

    @property
    def median_ms(self) -> float:
        """Return the median time."""
        return statistics.median(self.ms)

    @property
    def p95_ms(self) -> float:
        """Return the time that 95 of 100 runs stay below."""
        return statistics.quantiles(self.ms, n=20, method="inclusive")[-1]


def run(command: Sequence[str | Path], env: Mapping[str, str] | None = None) -> tuple[float, float]:
    """Run a command to its end; return its wall time in ms and its peak memory in MB.

    Raises RuntimeError with its last words when it fails.
    """
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, **(env or {})},
        text=True,
    ) as process:
        assert process.stderr is not None
        errors = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    ms = (time.perf_counter() - start) * 1000
    if process.returncode:
        raise RuntimeError(f"{command[0]} ended with {process.returncode}: {errors[-400:]}")
    return ms, usage.ru_maxrss / 1024


def peak_mb(pid: int) -> float:
    """Return the peak memory of a running process in MB (Linux: VmHWM)."""
    return _status_mb(pid, "VmHWM:")


def resident_mb(pid: int) -> float:
    """Return the memory that a running process holds now in MB (Linux: VmRSS)."""
    return _status_mb(pid, "VmRSS:")


def cpu_s(pid: int) -> float:
    """Return the processor time of a running process in seconds, its children left out."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def machine() -> str:
    """Return one line about the machine and the versions the figures belong to."""
    names = ("aiohttp", "h5py", "numpy", "watchdog")
    packages = ", ".join(f"{name} {version(name)}" for name in names)
    return (
        f"{_processor()}, {os.cpu_count()} cores, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {packages}"
    )


def _status_mb(pid: int, field: str) -> float:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1024
    raise RuntimeError(f"process {pid} has no {field}")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(lines)


def report(name: str, text: str) -> None:
    """Print a result; with `--write` keep it under benchmarks/results too."""
    print(text)
    if "--write" in sys.argv:
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{name}.md"
        path.write_text(f"# {name}\n\n{machine()}\n\n{text}\n")
        print(f"\nwritten to {path.relative_to(ROOT)}")
