"""The models that `models/make.py` made under a real Keras, as values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SUFFIXES = (".h5", ".keras")


@dataclass(frozen=True, slots=True)
class Made:
    """One file that Keras wrote, with inputs and Keras's outputs for them.

    id: `operations/keras3/ops.add.same.h5`.
    subject: the class, function or context that the model is about.
    layers: name of a layer, function or operation -> its class.
    digest: changes whenever the inputs or Keras's outputs do.
    """

    id: str
    path: Path
    keras: str
    subject: str
    layers: Mapping[str, str]
    inputs: list[dict[str, Any]]
    outputs: list[dict[str, Any]]
    digest: str


def unmade(folder: Path, part: str) -> dict[str, list[str]]:
    """Return Keras -> what was tried, and Keras builds, predicts with or writes no form of."""
    tried: dict[str, dict[str, bool]] = {}
    for description in folder.glob(f"{part}/keras*/*.json"):
        known = json.loads(description.read_bytes())
        is_failed = (
            "unbuilt" in known
            or known.get("unpredicted", "not finite") != "not finite"
            or len(known.get("unsaved", ())) == len(SUFFIXES)
        )
        subjects = tried.setdefault(description.parent.name, {})
        subjects[known["subject"]] = subjects.get(known["subject"], True) and is_failed
    return {
        keras: sorted(subject for subject, is_failed in subjects.items() if is_failed)
        for keras, subjects in sorted(tried.items())
    }


def made_cases(folder: Path, part: str) -> Iterator[Made]:
    """Yield every file of a part that Keras could build, predict with and write."""
    for description in sorted(folder.glob(f"{part}/keras*/*.json")):
        text = description.read_bytes()
        known = json.loads(text)
        if "unbuilt" in known or "unpredicted" in known:
            continue
        for suffix in SUFFIXES:
            # Not with_suffix: names hold points.
            path = description.parent / f"{description.name.removesuffix('.json')}{suffix}"
            if path.exists():
                yield Made(
                    id=f"{part}/{description.parent.name}/{path.name}",
                    path=path,
                    keras=description.parent.name,
                    subject=known["subject"],
                    layers=known["layers"],
                    inputs=known["inputs"],
                    outputs=known["outputs"],
                    digest=hashlib.sha256(text).hexdigest()[:16],
                )
