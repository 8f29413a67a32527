"""Checks the models of the conformance suite in a browser; what is done is not done again.

    python -m tests.conformance.suite FOLDER PART [--backends cpu,wasm,webgl] [--first N]
        [--minutes N]

FOLDER is the one `models/make.py` wrote to. Every file is converted; a prediction is made only
where this backend has not yet seen this very model. The outcomes, with what other backends made
of the same model in earlier runs, go to `FOLDER/PART.json`; a file that no backend has predicted
with is not among them, and a subject that Keras itself makes no file of is listed apart. With
`--first N` wasm and webgl predict only with the N plainest files of each subject under each Keras.

Status 1: a model is wrong, or refused for a cause that `results/refusals.json` does not list.
Status 3: the time was over, call it again.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from tests.conformance.cases import Made, made_cases, unmade
from tests.conformance.checking import BACKENDS, Outcome, as_json, checker
from tests.conformance.refusals import expected, plain


def main(arguments: Sequence[str]) -> int:
    """Check one part and return the exit status."""
    parser = argparse.ArgumentParser(prog="suite")
    parser.add_argument("folder", type=Path)
    parser.add_argument("part")
    parser.add_argument("--backends", default=",".join(BACKENDS))
    parser.add_argument("--first", type=int, default=sys.maxsize)
    parser.add_argument("--minutes", type=float, default=25.0)
    chosen = parser.parse_args(arguments)
    backends = tuple(filter(None, chosen.backends.split(",")))
    until = time.monotonic() + 60 * chosen.minutes
    cases = list(plainest_first(made_cases(chosen.folder, chosen.part)))
    outcomes: list[tuple[Made, Outcome]] = []
    left = 0
    with checker(chosen.folder / f"{chosen.part}.predicted") as check:
        for index, (turn, case) in enumerate(cases):
            is_over = time.monotonic() > until
            left += is_over
            asked = backends if turn < chosen.first else tuple(b for b in backends if b == "cpu")
            outcome = check.check(case, () if is_over else asked)
            if outcome.refused or outcome.wrong or outcome.errors:
                outcomes.append((case, outcome))
            if index % 500 == 499:
                print(f"  {chosen.part}: {index + 1} of {len(cases)} checked", flush=True)
    found = {
        case.id: {"subject": case.subject, "layers": case.layers, **as_json(outcome)}
        for case, outcome in outcomes
    }
    kept = chosen.folder / f"{chosen.part}.json"
    none = unmade(chosen.folder, chosen.part)
    kept.write_text(json.dumps({"models": found, "unmade": none}), encoding="utf-8")
    status = summed_up(chosen.part, [outcome for _, outcome in outcomes], expected())
    if left:
        print(f"{chosen.part}: the time was over for {left} of {len(cases)}, call it again")
    return status or (3 if left else 0)


def plainest_first(cases: Iterable[Made]) -> Iterator[tuple[int, Made]]:
    """Yield each file and how many of its subject came before; the shortest names come first."""
    seen: Counter[tuple[str, str]] = Counter()
    for case in sorted(cases, key=lambda case: (len(case.id), case.id)):
        yield seen[case.keras, case.subject], case
        seen[case.keras, case.subject] += 1


def summed_up(part: str, outcomes: Sequence[Outcome], known: Mapping[str, Sequence[str]]) -> int:
    """Print what is wrong, what is refused anew and the counts; return the exit status."""
    counts: Counter[str] = Counter()
    unexpected: dict[tuple[str, str], list[str]] = {}
    for outcome in outcomes:
        for backend, what in (outcome.wrong or {}).items():
            print(f"WRONG {outcome.id} {backend}: {what}")
        counts["wrong" if outcome.wrong else "refused" if outcome.refused else "right"] += 1
        for class_name, why in outcome.refused:
            if plain(why) not in known.get(class_name, ()):
                unexpected.setdefault((class_name, plain(why)), []).append(outcome.id)
    for (class_name, why), ids in sorted(unexpected.items()):
        print(f"REFUSED {class_name or 'the file'}: {why} ({len(ids)}, such as {ids[0]})")
    told = ", ".join(f"{counts[kind]} {kind}" for kind in ("right", "refused", "wrong"))
    print(f"{part}: {len(outcomes)} files, {told}, {len(unexpected)} unexpected causes")
    return 1 if counts["wrong"] or unexpected else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
