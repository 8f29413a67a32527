"""Time to read a deep model, and to translate what was read, beside parsing its JSON.

Usage: scripts/bench translate [--rounds N] [--write]

The models have 600 layers: convolutions, which go over nearly as they are, and a transformer, whose
attention becomes many layers. Parsing the configuration is what every converter has to do.
"""

from __future__ import annotations

import argparse
import json
import os
import time

import h5py

from benchmarks.measure import Samples, report, table
from benchmarks.models import model
from tfjs_serve.convert.translation import translate
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import open_source

MODELS = ("convolutions_600", "transformer_600")
AIM_MS = 300


def measure(kind: str, rounds: int) -> tuple[dict[str, Samples], int]:
    """Return the times of parsing, reading and translating, and how many layers come out."""
    path = model(kind)
    with h5py.File(path) as file:
        text = file.attrs["model_config"]
    found = {name: Samples() for name in ("parse", "read", "translate")}
    layers = 0
    for _ in range(rounds):
        moments = [time.perf_counter()]
        json.loads(text)
        moments.append(time.perf_counter())
        fd = open_source(path)
        try:
            with open_keras_file(fd, path.name) as opened:
                moments.append(time.perf_counter())
                layers = translate(opened.model).summary.layers
                moments.append(time.perf_counter())
        finally:
            os.close(fd)
        for samples, start, end in zip(found.values(), moments, moments[1:], strict=False):
            samples.ms.append((end - start) * 1000)
    return found, layers


def main() -> None:
    """Measure both models and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--write", action="store_true", help="keep the result")
    rounds = parser.parse_args().rounds
    lines = []
    for kind in MODELS:
        found, layers = measure(kind, rounds)
        parse, read, made = (samples.median_ms for samples in found.values())
        cells = [f"{ms:.0f} ms" for ms in (parse, read, made)]
        lines.append([kind, str(layers), *cells, f"{made / parse:.0f} x", f"{made / AIM_MS:.2f} x"])
    head = ("model", "layers out", "parse", "read", "translate", "translate / parse", "of 300 ms")
    report("translate", table(head, lines))


if __name__ == "__main__":
    main()
