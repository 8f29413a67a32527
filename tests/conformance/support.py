"""What is known of each class and function: the suite's results, the fixtures, the inventory."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.notes import BOOKKEEPING, DROPS, FIXES
from tests.fixtures.cases import CONVERTED, REFUSED
from tfjs_serve.layers_format.catalog import CATALOG
from tfjs_serve.rules.inference_identity import AUGMENTATIONS, OTHERS

RESULTS = Path(__file__).with_name("results")
ORDER = "NFLCDX"


@dataclass(frozen=True, slots=True)
class Support:
    """What the suite has seen of one class or function under one Keras.

    plain: the rules on the plain form; rules: those on any form.
    errors: backend -> the largest error.
    causes: class and reason of what is refused.
    """

    right: int = 0
    refused: int = 0
    wrong: int = 0
    companion: int = 0
    plain: Sequence[str] = ()
    rules: Sequence[str] = ()
    errors: Mapping[str, float] = field(default_factory=dict)
    causes: Sequence[Sequence[str]] = ()

    @property
    def status(self) -> str:
        """Return the letter of the plain form, with those of other forms in brackets."""
        if not self.right:
            return "X" if self.refused else "–"
        own = letter(self.plain)
        more = {letter([rule]) for rule in self.rules} - {"N", own}
        more |= {"C"} if self.companion else set()
        if self.companion == self.right:
            return "C"
        rest = ", ".join(sorted(more, key=ORDER.index))
        return f"{own} ({rest})" if rest else own


def letter(rules: Sequence[str]) -> str:
    """Return N, F, L or D for what these rules make of a layer."""
    left = [rule for rule in rules if rule not in BOOKKEEPING]
    if not left:
        return "N"
    if any(rule in DROPS for rule in left):
        return "D"
    return "F" if all(rule in FIXES for rule in left) else "L"


def load(name: str) -> dict[str, Any]:
    """Return one of the committed results; empty until it has been made."""
    path = RESULTS / name
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def unmade() -> dict[str, set[str]]:
    """Return Keras -> what the suite tried in forms that Keras itself makes no file of."""
    found: dict[str, set[str]] = {"keras2": set(), "keras3": set()}
    for part in load("suite.json").get("parts", {}).values():
        for keras, subjects in part["unmade"].items():
            found[keras].update(subjects)
    return found


def supports() -> dict[str, dict[str, Support]]:
    """Return Keras -> class, function or context -> what the suite has seen of it."""
    found: dict[str, dict[str, Support]] = {"keras2": {}, "keras3": {}}
    for part in load("suite.json").get("parts", {}).values():
        for keras, subjects in part["subjects"].items():
            for subject, seen in subjects.items():
                known = found[keras].get(subject)
                found[keras][subject] = Support(**seen) if known is None else _both(known, seen)
    for keras, subject, support in _of_fixtures():
        known = found[keras].get(subject, Support())
        if not known.right and (support.right or not known.refused):
            found[keras][subject] = support
    return found


def _of_fixtures() -> Iterator[tuple[str, str, Support]]:
    """Yield what the fixtures alone show: that a class is converted, and by what kind of rule."""
    counts = Counter((case.packed.parent.name, name) for case in CONVERTED for name in case.classes)
    for (keras, name), count in counts.items():
        if name in AUGMENTATIONS or name in OTHERS:
            rules: tuple[str, ...] = ("inference_identity",)
        else:
            rules = () if name in CATALOG else ("",)
        yield keras, name, Support(right=count, plain=rules)
    for case in REFUSED:
        for reason in case.refused:
            if (case.packed.parent.name, reason.class_name) not in counts:
                yield case.packed.parent.name, str(reason.class_name), Support(refused=1)


def _both(one: Support, seen: Mapping[str, Any]) -> Support:
    """Return what two parts have seen of one subject; the first tells the plain form."""
    other = Support(**seen)
    errors = {
        backend: max(one.errors.get(backend, 0.0), other.errors.get(backend, 0.0))
        for backend in sorted({*one.errors, *other.errors})
    }
    return Support(
        one.right + other.right,
        one.refused + other.refused,
        one.wrong + other.wrong,
        one.companion + other.companion,
        one.plain if one.right else other.plain,
        sorted({*one.rules, *other.rules}),
        errors,
        sorted({(cause[0], cause[1]) for cause in (*one.causes, *other.causes)}),
    )
