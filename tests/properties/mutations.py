"""Damaged and strange models: each is refused, or what is written loads in a real browser.

    python -m tests.properties.mutations [EXAMPLES [FIRST_SEED]]

Every example is a committed fixture whose configuration was changed in a few places: fields that
are missing, doubled, of another type, or that hold what stands elsewhere in the same file. An
exception other than ConversionError is a failure, too.
"""

from __future__ import annotations

import gzip
import json
import random
import shutil
import sys
import traceback
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import h5py

from tests.fixtures.cases import CONVERTED, Case
from tests.properties.browsed import Browsed
from tests.properties.oracle import ROOT
from tfjs_serve.errors import ConversionError

BUILD = ROOT / "build" / "properties"
CASES = [case for case in CONVERTED if case.packed.stem.endswith(".h5")]
STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 3, 2**31, 0.5, -1e30, "", "x", "Dense", [], [1], [None, 3], {},
    {"class_name": "Dense", "config": {}}, [[["a", 0, 0, {}]]], "é", "constructor",
)  # fmt: skip

Place: TypeAlias = tuple[Any, Any]
"""A list or an object of the configuration, and an index or key in it."""


def changed(config: Any, rng: random.Random) -> Any:
    """Return a configuration with one to three changes."""
    for _ in range(rng.randint(1, 3)):
        places = list(_places(config))
        if not places:
            return config
        holder, key = rng.choice(places)
        change = rng.randrange(4)
        if change == 0:
            holder[key] = rng.choice(STRANGE)
        elif change == 1:
            other, index = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[index]))
        elif change == 2 and isinstance(holder, list):
            holder.insert(key, json.loads(json.dumps(holder[key])))
        else:
            del holder[key]
    return config


def _places(value: Any) -> Iterator[Place]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in list(items):
        yield value, key
        if isinstance(item, dict | list):
            yield from _places(item)


def write(case: Case, seed: int, path: Path) -> None:
    """Write a fixture with a changed configuration."""
    path.write_bytes(gzip.decompress(case.packed.read_bytes()))
    with h5py.File(path, "r+") as file:
        config = json.loads(file.attrs["model_config"])
        file.attrs["model_config"] = json.dumps(changed(config, random.Random(seed)))


def main(arguments: list[str]) -> int:
    """Check changed models from a seed on; the exit status is 1 after a failure."""
    examples = int(arguments[0]) if arguments else 2000
    first = int(arguments[1]) if len(arguments) > 1 else 0
    BUILD.mkdir(parents=True, exist_ok=True)
    outcomes: Counter[str] = Counter()
    path = BUILD / "mutation.h5"
    with Browsed() as browsed:
        for seed in range(first, first + examples):
            case = CASES[seed % len(CASES)]
            write(case, seed, path)
            try:
                browsed.load(path)
            except ConversionError:
                outcomes["refused"] += 1
            except Exception as error:  # noqa: BLE001  whatever it is, it is the finding
                shutil.copy(path, BUILD / f"mutation-{seed}.h5")
                where = traceback.extract_tb(error.__traceback__)[-1]
                text = f"{type(error).__name__} in {where.name}: {error}"[:200]
                print(f"{case.id}, seed {seed}: {text}", flush=True)
                outcomes["failed"] += 1
            else:
                outcomes["loads"] += 1
    print(", ".join(f"{count} {outcome}" for outcome, count in outcomes.items()))
    return 1 if outcomes["failed"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
