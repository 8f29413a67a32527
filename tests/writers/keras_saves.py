"""Real Kerases that save over one file again and again while the server converts it.

Usage: scripts/stress-saves --keras [--saves N]
"""

from __future__ import annotations

import json
import subprocess
import tempfile
from pathlib import Path

from tests.command import ROOT, serving
from tests.writers.reader import Reader
from tests.writers.versions import Plan

KERASES = ("keras2", "keras3")
LIMIT_S = 60.0

SAVE = """
import json, sys, time
import numpy as np
import keras
path, saves, layers, units = sys.argv[1], *map(int, sys.argv[2:])
hidden = [keras.layers.Dense(units) for _ in range(layers)]
model = keras.Sequential([keras.Input((units,)), *hidden])
for version in range(1, saves + 1):
    model.set_weights([np.full(w.shape, version, "float32") for w in model.get_weights()])
    started, error = time.monotonic(), None
    try:
        model.save(path)
    except Exception as caught:
        error = repr(caught)
    print(json.dumps({"ms": (time.monotonic() - started) * 1000, "error": error}), flush=True)
"""


def hammer(keras: str, suffix: str, saves: int, plan: Plan) -> tuple[str, bool]:
    """Return in a line what came of it, and whether every promise was kept."""
    with (
        tempfile.TemporaryDirectory(prefix="tfjs-serve-stress-") as place,
        serving([place]) as server,
    ):
        reader = Reader(server.ready["port"], "m")
        reader.start()
        sizes = (str(saves), str(plan.layers), str(plan.units))
        done = subprocess.run(
            [ROOT / f".{keras}/bin/python", "-c", SAVE, Path(place) / f"m{suffix}", *sizes],
            check=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        is_served = reader.wait_for(saves, LIMIT_S) is not None
        reader.close()
        _, lines, _ = server.end()
    told = [json.loads(line) for line in done.stdout.splitlines()]
    errors = [line["error"] for line in told if line["error"]]
    middle = sorted(line["ms"] for line in told)[len(told) // 2]
    failed = [line["error"] for line in lines if line["event"] == "failed"]
    converted = sum(line["event"] == "converted" for line in lines)
    text = (
        f"{keras}, {suffix}: {len(told)} saves, {len(errors)} failed, median {middle:.0f} ms; "
        f"{converted} versions served, {reader.found.loads} loads, "
        f"{len(reader.found.wrong)} kinds of wrong ones, {len(failed)} failures told, "
        f"last version {'served' if is_served else 'MISSED'}"
    )
    is_kept = len(told) == saves and is_served and not (errors or failed or reader.found.wrong)
    return "\n".join([text, *errors[:3], *failed[:3], *reader.found.wrong]), is_kept


def hammer_all(saves: int, plan: Plan) -> bool:
    """Print what came of both Kerases and both kinds of file; tell whether all is well."""
    every = [
        hammer(keras, suffix, saves, plan) for keras in KERASES for suffix in (".h5", ".keras")
    ]
    print("\n".join(text for text, _ in every))
    return all(is_kept for _, is_kept in every)
