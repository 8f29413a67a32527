"""From the close of a saved file to its new version being served, beside a debounced script.

Usage: scripts/bench save_to_served [--rounds N] [--no-official] [--write]

A new version of the file is written straight to its name, as Keras and curl do; the clock runs
from its close. Ours stops when a request for model.json has answered with the new digest. The peer
is the script people write: watchfiles with its own debouncing around the official converter, which
stays imported; its clock stops when the files are written, nobody has to serve them.
"""

from __future__ import annotations

import argparse
import http.client
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import ROOT, Samples, report, table
from benchmarks.models import model
from benchmarks.server import event, serving

SIZES = {
    "dense_1": "1 MB, 8 tensors",
    "mobilenet_v2": "14 MB, 262 tensors",
    "dense_100": "84 MB, 12 tensors",
}

PEER = """
import sys, time
from tensorflowjs.converters import converter
from watchfiles import watch
folder, out = sys.argv[1:]
print("ready", flush=True)
for changes in watch(folder):
    started = time.monotonic()
    try:
        for path in {path for _, path in changes}:
            converter.dispatch_keras_h5_to_tfjs_layers_model_conversion(path, out)
        print("converted", started, flush=True)
    except Exception as error:
        print("failed", started, type(error).__name__, flush=True)
"""

OURS, OFFICIAL = "tfjs-serve", "watchfiles + tensorflowjs_converter 4.22"


def measure(source: Path, rounds: int, *, official: bool) -> dict[str, Samples]:
    """Return the times from close to served of `rounds` saves of ever new weights."""
    content = bytearray(source.read_bytes())
    found = {OURS: Samples()}
    with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as place, _ours(place) as ours:
        for number in range(rounds):
            found[OURS].ms.append(ours.save(_changed(content, number)))
    if official:
        found[OFFICIAL] = Samples()
        with tempfile.TemporaryDirectory(prefix="tfjs-serve-bench-") as place, _peer(place) as peer:
            for number in range(rounds):
                found[OFFICIAL].ms.append(peer.save(_changed(content, number)))
    return found


def _changed(content: bytearray, number: int) -> bytearray:
    # The middle of the file holds weights: every save has other ones.
    content[len(content) // 2] = number % 251
    content[len(content) // 2 + 1] = number // 251 + 1
    return content


class _Ours:
    """tfjs-serve on a folder."""

    def __init__(self, target: Path, process: subprocess.Popen[str], port: int) -> None:
        self._target = target
        self._process = process
        self._connection = http.client.HTTPConnection("localhost", port)

    def save(self, content: bytearray) -> float:
        """Save and return how many milliseconds passed until the new digest was served."""
        closed = _write(self._target, content)
        digest = event(self._process, "converted")["digest"]
        self._connection.request("HEAD", "/model/model.json")
        answer = self._connection.getresponse()
        answer.read()
        ms = (time.monotonic() - closed) * 1000
        if digest not in answer.headers["ETag"]:
            raise RuntimeError("the event told of a version that is not served")
        return ms


class _Peer:
    """The script on a folder."""

    def __init__(self, target: Path, process: subprocess.Popen[str]) -> None:
        self._target = target
        self._process = process

    def save(self, content: bytearray) -> float:
        """Save and return how many milliseconds passed until this version was converted."""
        assert self._process.stdout is not None
        closed = _write(self._target, content)
        while True:
            word, started, *_ = self._process.stdout.readline().split()
            if word == "converted" and float(started) >= closed:
                return (time.monotonic() - closed) * 1000


@contextmanager
def _ours(place: str) -> Iterator[_Ours]:
    with serving(Path(place)) as (process, port):
        yield _Ours(Path(place) / "model.h5", process, port)


@contextmanager
def _peer(place: str) -> Iterator[_Peer]:
    folder = Path(place) / "models"
    folder.mkdir()
    command = [ROOT / ".official/bin/python", "-c", PEER, folder, Path(place) / "out"]
    with subprocess.Popen(
        [str(part) for part in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout is not None
        while process.stdout.readline() != "ready\n":  # Its packages greet.
            pass
        try:
            yield _Peer(folder / "model.h5", process)
        finally:
            process.terminate()


def _write(target: Path, content: bytearray) -> float:
    time.sleep(0.3)  # Between two saves of a training passes more.
    with target.open("wb") as file:
        file.write(content)
    return time.monotonic()


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--no-official", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    lines = []
    for kind, size in SIZES.items():
        found = measure(model(kind), given.rounds, official=not given.no_official)
        for name, samples in found.items():
            figures = (samples.median_ms, samples.p95_ms, max(samples.ms))
            ratio = samples.median_ms / found[OURS].median_ms
            lines.append([kind, size, name, *(f"{ms:.0f}" for ms in figures), f"{ratio:.1f}"])
    head = ["model", "size", "by", "median ms", "p95 ms", "worst ms", "ratio"]
    report("save_to_served", table(head, lines))


if __name__ == "__main__":
    main()
