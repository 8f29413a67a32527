"""Time from start to the first answer, on a folder that is converted already.

Usage: scripts/bench start [--rounds N] [--write]

Peers: `python -m http.server`, which imports next to nothing, and vite, where `npx vite` finds
one (npm install --prefix benchmarks/.cache vite).
"""

from __future__ import annotations

import argparse
import shutil
import socket
import subprocess
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.measure import CACHE, ROOT, Samples, report, table
from benchmarks.server import event, serving

VITE = CACHE / "node_modules" / ".bin" / "vite"


def first_answer_ms(command: list[str | Path], port: int, cwd: Path) -> float:
    """Return how long a server takes until it answers a request."""
    start = time.perf_counter()
    with subprocess.Popen(
        [str(part) for part in command],
        cwd=cwd,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while not _answers(port):
            time.sleep(0.001)
        ms = (time.perf_counter() - start) * 1000
        process.terminate()
    return ms


def _answers(port: int) -> bool:
    request = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    try:
        with socket.create_connection(("localhost", port), timeout=2) as connection:
            connection.sendall(request)
            return bool(connection.recv(1))
    except OSError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--write", action="store_true")
    rounds = parser.parse_args().rounds
    found: dict[str, Samples] = defaultdict(Samples)
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as name:
        folder = Path(name)
        models = sorted((ROOT / "sample_models").rglob("*.h5"))
        for source in models:
            shutil.copy(source, folder)
        with serving(folder) as (process, _):
            for _ in models:
                event(process, "converted", "failed")
        python, ours = (ROOT / ".venv" / "bin" / name for name in ("python", "tfjs-serve"))
        for _ in range(rounds):
            port = str(_free_port())
            contenders: dict[str, list[str | Path]] = {
                "tfjs-serve": [ours, folder, "--port", port],
                "python -m http.server": [python, "-m", "http.server", port],
            }
            if VITE.exists():
                contenders["vite"] = [VITE, "--port", port, "--strictPort"]
            for contender, command in contenders.items():
                found[contender].ms.append(first_answer_ms(command, int(port), folder))
    least = found["python -m http.server"].median_ms
    lines = [
        [name, f"{item.median_ms:.0f}", f"{min(item.ms):.0f}", f"{item.median_ms / least:.2f}"]
        for name, item in found.items()
    ]
    report("start", table(["server", "median ms", "min ms", "x http.server"], lines))


if __name__ == "__main__":
    main()
