"""What a conversion left behind: whole, of this file alone, and such that a browser reads it."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.hostile.mutations import CANARY
from tfjs_serve.artifacts import SHARD_FOLDER, Artifacts


def complaints(artifacts: Artifacts, served_folder: Path) -> Iterator[str]:
    """Yield what is wrong with a conversion in the served folder."""
    if CANARY in artifacts.model_json:
        yield "model.json holds the canary"
    try:
        document = json.loads(artifacts.model_json, parse_constant=_refuse)
        manifest = document["weightsManifest"]
        names = [weight["name"] for group in manifest for weight in group["weights"]]
    except (ValueError, LookupError, TypeError) as error:
        yield f"model.json is none ({error})"
        return
    if len(set(names)) < len(names):
        yield "a weight is listed twice"
    for group in manifest:
        yield from _wrong_shards(group, served_folder / SHARD_FOLDER)


def _wrong_shards(group: dict[str, Any], store: Path) -> Iterator[str]:
    nbytes = 0
    for path in group["paths"]:
        name = path.rpartition("/")[2]
        try:
            data = (store / name).read_bytes()
        except OSError as error:
            yield f"shard {name} is not there ({error.strerror})"
            return
        if hashlib.sha256(data).hexdigest()[:32] != name.removesuffix(".bin"):
            yield f"shard {name} holds something else"
        if CANARY in data:
            yield f"shard {name} holds the canary"
        nbytes += len(data)
    declared = sum(4 * math.prod(weight["shape"]) for weight in group["weights"])
    if declared != nbytes:
        yield f"the weights have {declared} bytes, the shards {nbytes}"


def _refuse(literal: str) -> float:
    raise ValueError(literal)
