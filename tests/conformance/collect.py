"""Collects the outcomes of the suite into the two files that are committed.

    python -m tests.conformance.collect FOLDER

`results/suite.json` holds, for each class, function and context, how many files were converted and
refused, the rules seen to act on it and the largest error of each backend; `results/refusals.json`
holds the causes of refusals by class, which a later run expects. Parts that were not run keep what
they had.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.conformance.refusals import COMMITTED as REFUSALS
from tests.conformance.refusals import plain

SUITE = REFUSALS.with_name("suite.json")
PARTS = (
    *("core", "convolution", "pooling", "regularization", "activations", "recurrent"),
    *("attention", "masks", "graphs", "contexts", "functions", "operations"),
)
_ACTIVATION = re.compile(r"\.activation-(\w+)\.(?:h5|keras)$")

Model = Mapping[str, Any]


def main(folder: Path) -> None:
    """Write both files."""
    known = json.loads(SUITE.read_text("utf-8")) if SUITE.exists() else {"parts": {}}
    parts = known["parts"]
    for part in PARTS:
        outcomes = folder / f"{part}.json"
        if outcomes.exists():
            parts[part] = summary(part, json.loads(outcomes.read_text("utf-8")))
    parts = {part: parts[part] for part in PARTS if part in parts}
    SUITE.write_text(compact({"parts": parts}), encoding="utf-8")
    causes: dict[str, set[str]] = {}
    for part in parts.values():
        for subjects in part["subjects"].values():
            for found in subjects.values():
                for class_name, why in found.get("causes", ()):
                    causes.setdefault(class_name, set()).add(why)
    listed = {name: sorted(found) for name, found in sorted(causes.items())}
    REFUSALS.write_text(json.dumps(listed, indent=1) + "\n", encoding="utf-8")


def summary(part: str, outcomes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is committed of one part."""
    subjects: dict[str, dict[str, list[tuple[str, Model]]]] = {}
    for name, model in sorted(outcomes["models"].items()):
        keras = name.split("/")[1]
        for subject in {model["subject"], *activation(part, name)}:
            subjects.setdefault(keras, {}).setdefault(subject, []).append((name, model))
    return {
        "backends": outcomes["backends"],
        "subjects": {
            keras: {subject: joined(subject, files) for subject, files in sorted(found.items())}
            for keras, found in sorted(subjects.items())
        },
    }


def activation(part: str, name: str) -> Iterator[str]:
    """Yield the activation that a file of that part is about, beside its layer."""
    found = _ACTIVATION.search(name)
    if part == "activations" and found is not None:
        yield f"activation {found[1]}"


def joined(subject: str, files: list[tuple[str, Model]]) -> dict[str, Any]:
    """Return what the files about one subject show together."""
    right = [item for item in files if not item[1].get("refused") and not item[1].get("wrong")]
    refused = [model for _, model in files if model.get("refused")]
    errors: dict[str, float] = {}
    rules: set[str] = set()
    for _, model in right:
        rules.update(rules_of(subject, model))
        for backend, error in model.get("errors", {}).items():
            errors[backend] = max(errors.get(backend, 0.0), error)
    causes = {(cls, plain(why)) for model in refused for cls, why in model["refused"]}
    first = min(right, key=lambda item: (len(item[0]), item[0]), default=None)
    made: dict[str, Any] = {
        "right": len(right),
        "refused": len(refused),
        "wrong": len(files) - len(right) - len(refused),
        "companion": sum(model.get("needs_companion", False) for _, model in right),
        "plain": sorted(rules_of(subject, first[1])) if first else [],
        "rules": sorted(rules),
        "errors": {backend: float(f"{error:.1e}") for backend, error in sorted(errors.items())},
        "causes": sorted(causes),
    }
    return {key: value for key, value in made.items() if value not in (0, [], {})}


def rules_of(subject: str, model: Model) -> set[str]:
    """Return the rules that changed the layers of a class, or any but inputs of a function."""
    kinds: Mapping[str, str] = model["layers"]
    own = {name for name, kind in kinds.items() if kind == subject}
    inputs = {name for name, kind in kinds.items() if kind == "InputLayer"}
    applied: Mapping[str, list[str]] = model.get("rules", {})
    return {
        rule
        for layer, rules in applied.items()
        for rule in rules
        if (layer.split("__")[0] in own if own else layer not in inputs)
    }


def compact(value: Mapping[str, Any]) -> str:
    """Return JSON with one subject on each line."""
    text = json.dumps(value, indent=1)
    # Everything below a subject, five levels deep, belongs on its line.
    return (
        re.sub(r"\n {5,}|\n {4}(?=[}\]])", " ", text).replace("{ ", "{").replace("[ ", "[") + "\n"
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
