"""Collects the outcomes of the suite into the two files that are committed.

    python -m tests.conformance.collect FOLDER [--accept] [--results FOLDER]

`results/suite.json` holds how many files each backend predicted with, what Keras itself makes no
file of, and for each class, function and context, how many files were converted and refused, the
rules seen to act on it and the largest error of each backend. Parts that were not run keep what
they had. `results/refusals.json` holds the causes of refusals by class, which a later run expects:
it is rewritten only with `--accept`, after someone has read what is new. Without, status 1 tells
that it differs from what was seen.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.conformance.refusals import COMMITTED, expected, plain

PARTS = (
    *("core", "convolution", "pooling", "regularization", "activations", "recurrent"),
    *("attention", "masks", "graphs", "contexts", "functions", "operations"),
)
_ACTIVATION = re.compile(r"\.activation-(\w+)\.(?:h5|keras)$")

Model = Mapping[str, Any]


def main(arguments: Sequence[str]) -> int:
    """Write what was seen, and with `--accept` what may be refused; return the exit status."""
    parser = argparse.ArgumentParser(prog="collect")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--accept", action="store_true")
    parser.add_argument("--results", type=Path, default=COMMITTED.parent)
    chosen = parser.parse_args(arguments)
    suite, refusals = chosen.results / "suite.json", chosen.results / COMMITTED.name
    known = json.loads(suite.read_text("utf-8")) if suite.exists() else {"parts": {}}
    parts = known["parts"]
    for part in PARTS:
        outcomes = chosen.folder / f"{part}.json"
        if outcomes.exists():
            parts[part] = summary(part, json.loads(outcomes.read_text("utf-8")))
    parts = {part: parts[part] for part in PARTS if part in parts}
    suite.write_text(compact({"parts": parts}), encoding="utf-8")
    seen = causes(parts)
    if chosen.accept:
        refusals.write_text(json.dumps(seen, indent=1) + "\n", encoding="utf-8")
    listed = expected(refusals)
    for sign, one, other in (("+", seen, listed), ("-", listed, seen)):
        for class_name, found in one.items():
            for why in sorted({*found} - {*other.get(class_name, ())}):
                print(f"{sign} {class_name or 'the file'}: {why}")
    return 0 if seen == listed else 1


def causes(parts: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return class -> causes of refusals, of all parts."""
    found: dict[str, set[str]] = {}
    for part in parts.values():
        for subjects in part["subjects"].values():
            for seen in subjects.values():
                for class_name, why in seen.get("causes", ()):
                    found.setdefault(class_name, set()).add(why)
    return {name: sorted(whys) for name, whys in sorted(found.items())}


def summary(part: str, outcomes: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is committed of one part."""
    subjects: dict[str, dict[str, list[tuple[str, Model]]]] = {}
    for name, model in sorted(outcomes["models"].items()):
        keras = name.split("/")[1]
        for subject in {model["subject"], *activation(part, name)}:
            subjects.setdefault(keras, {}).setdefault(subject, []).append((name, model))
    predicted = Counter(
        backend for model in outcomes["models"].values() for backend in model.get("errors", {})
    )
    return {
        "predicted": dict(sorted(predicted.items())),
        "unmade": outcomes["unmade"],
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
    sys.exit(main(sys.argv[1:]))
