"""Makes the models of the conformance suite under the Keras it is run with.

    .keras3/bin/python tests/conformance/models/make.py FOLDER PART [PATTERN] [--minutes N]

Writes `FOLDER/PART/keras<major>/<case>.h5`, `.keras` and `<case>.json` with random inputs and
Keras's predictions; a case that has its `.json` already is left alone. What Keras itself cannot
build, predict or write is in `<case>.json` with its sentence. Status 3: the time was over, call it
again; the first forms of every subject are made first.
"""

# mypy: ignore-errors
# ruff: noqa: E402, BLE001
from __future__ import annotations

import argparse
import fnmatch
import gc
import importlib
import json
import logging
import os
import re
import sys
import time
import warnings
import zlib
from collections import Counter
from pathlib import Path

os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", CUDA_VISIBLE_DEVICES="", TF_ENABLE_ONEDNN_OPTS="0")
warnings.filterwarnings("ignore")
HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "fixtures")]

import keras
import numpy as np
from generate import described, draw, layer_name, randomise
from tables.grid import MAJOR, Case, unique

SUFFIXES = ("h5", "keras")


def main() -> int:
    """Write the cases of one part and return the exit status."""
    import absl.logging

    absl.logging.set_verbosity("error")
    logging.getLogger("tensorflow").setLevel(logging.CRITICAL)
    parser = argparse.ArgumentParser(prog="make")
    parser.add_argument("folder", type=Path)
    parser.add_argument("part")
    parser.add_argument("pattern", nargs="?", default="*")
    parser.add_argument("--minutes", type=float, default=15.0)
    chosen = parser.parse_args()
    until = time.monotonic() + 60 * chosen.minutes
    part = chosen.part
    table = importlib.import_module(f"tables.{part}")
    cases = [case for row in table.TABLES for case in row.cases()] + getattr(table, "CASES", [])
    cases = by_turns(unique(cases))
    out = chosen.folder / part / f"keras{MAJOR}"
    out.mkdir(parents=True, exist_ok=True)
    names = {file_name(case.name) for case in cases}
    for path in out.glob("*.json"):
        if path.stem not in names:  # of a table that has changed
            for old in (path, *(path.with_suffix(f".{suffix}") for suffix in SUFFIXES)):
                old.unlink(missing_ok=True)
    # Keras 3's clear_session collects garbage; among all objects of TensorFlow in 0.27 s a model.
    gc.collect()
    gc.freeze()
    for index, case in enumerate(cases):
        path = out / f"{file_name(case.name)}.json"
        if not fnmatch.fnmatch(case.name, chosen.pattern) or path.exists():
            continue
        if time.monotonic() > until:
            print(f"  {part}, Keras {MAJOR}: {index} of {len(cases)} made, call it again")
            return 3
        made = write(case, path)
        temporary = path.with_suffix(".part")
        temporary.write_text(json.dumps(made), encoding="utf-8")
        temporary.replace(path)
        if index % 200 == 199:
            print(f"  {part}, Keras {MAJOR}: {index + 1} of {len(cases)} made", flush=True)
    return 0


def by_turns(cases: list[Case]) -> list[Case]:
    """Return the cases with the first of each subject first, so that a part of a run is broad."""
    seen: Counter[str] = Counter()
    turns = []
    for case in cases:
        turns.append((seen[case.subject], case))
        seen[case.subject] += 1
    return [case for _, case in sorted(turns, key=lambda item: item[0])]


def file_name(name: str) -> str:
    """Return a name that every file system takes."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)
    return plain if len(plain) < 120 else f"{plain[:100]}-{zlib.crc32(name.encode()):08x}"


def write(case: Case, path: Path) -> dict:
    """Build, save and predict one case; return its description."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(zlib.crc32(case.name.encode()))
    made = {"subject": case.subject, "keras_version": keras.__version__}
    try:
        built = case.build()
    except Exception as error:
        return {**made, "unbuilt": said(error)}
    model, twin = built if isinstance(built, tuple) else (built, None)
    try:
        randomise(model, rng)
        for layer in model.layers:
            if hasattr(layer, "finalize_state"):
                layer.finalize_state()
        inputs = [draw(tensor, rng, case.draws_whole_numbers) for tensor in model.inputs]
        if twin is not None:
            twin.set_weights(model.get_weights())
        outputs = predict(twin or model, inputs)
    except Exception as error:
        return {**made, "unpredicted": said(error)}
    made["layers"] = dict(named(model))
    fed = [t.astype(np.float32) if t.dtype.name == "bfloat16" else t for t in inputs]
    made["inputs"] = [described(t, layer_name(model.inputs[i])) for i, t in enumerate(fed)]
    made["outputs"] = [described(t, layer_name(model.outputs[i])) for i, t in enumerate(outputs)]
    if not all(np.isfinite(output).all() for output in outputs):
        made["unpredicted"] = "not finite"
    made["unsaved"] = {}
    for suffix in SUFFIXES:
        try:
            model.save(path.with_suffix(f".{suffix}"))
        except Exception as error:
            path.with_suffix(f".{suffix}").unlink(missing_ok=True)
            made["unsaved"][suffix] = said(error)
    return made


def said(error: Exception) -> str:
    """Return what Keras says, on one line."""
    return f"{type(error).__name__}: {error}".splitlines()[0][:200]


def predict(model, inputs) -> list:
    """Return the outputs in the order of `model.outputs`."""
    flat = keras.Model(model.inputs, model.outputs)
    result = flat(inputs if len(inputs) > 1 else inputs[0], training=False)
    result = result if isinstance(result, (list, tuple)) else [result]
    return [np.asarray(item, dtype=np.float32) for item in result]


def named(model):
    """Yield the name and class of every layer, function and operation."""
    for layer in getattr(model, "operations", None) or model.layers:
        kind = type(layer).__name__
        if kind in ("TFOpLambda", "SlicingOpLambda"):
            kind = layer.get_config().get("function", kind)
        elif ".ops." in type(layer).__module__:
            kind = f"ops.{kind}"
        yield layer.name, kind
        if hasattr(layer, "layers"):
            yield from named(layer)


if __name__ == "__main__":
    sys.exit(main())
