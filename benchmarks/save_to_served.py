"""From the close of a saved file to its new version being served.

Usage: scripts/bench save_to_served [--rounds N] [--write]

A new version of the file is written straight to its name, as Keras and curl do; the clock runs
from its close until a GET of model.json answers with another ETag.
"""

from __future__ import annotations

import argparse
import http.client
import tempfile
import time
from pathlib import Path

from benchmarks.measure import Samples, report, table
from benchmarks.models import model
from benchmarks.server import event, serving

SIZES = {"mobilenet_v2": "14 MB, 262 tensors", "dense_100": "100 MB, 14 tensors"}


def measure(source: Path, rounds: int) -> Samples:
    """Return the times from close to served of `rounds` saves of ever new weights."""
    content = bytearray(source.read_bytes())
    samples = Samples()
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as folder:
        target = Path(folder) / "model.h5"
        target.write_bytes(content)
        with serving(Path(folder)) as (process, port):
            event(process, "converted")
            connection = http.client.HTTPConnection("localhost", port)
            etag = _etag(connection)
            for number in range(rounds):
                # The middle of the file holds weights: every save has other ones.
                content[len(content) // 2] = number % 251
                content[len(content) // 2 + 1] = number // 251 + 1
                with target.open("wb") as file:
                    file.write(content)
                start = time.perf_counter()
                while (new := _etag(connection)) == etag:
                    pass
                samples.ms.append((time.perf_counter() - start) * 1000)
                etag = new
                time.sleep(0.3)
    return samples


def _etag(connection: http.client.HTTPConnection) -> str:
    connection.request("HEAD", "/model/model.json")
    response = connection.getresponse()
    response.read()
    return response.headers["ETag"]


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--write", action="store_true")
    rounds = parser.parse_args().rounds
    lines = []
    for kind, size in SIZES.items():
        found = measure(model(kind), rounds)
        figures = (found.median_ms, found.p95_ms, max(found.ms))
        lines.append([kind, size, *(f"{ms:.0f}" for ms in figures)])
    head = ["model", "size", "median ms", "p95 ms", "worst ms"]
    report("save_to_served", table(head, lines))


if __name__ == "__main__":
    main()
