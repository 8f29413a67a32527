"""Makes docs/layers.md of the inventory and the committed results.

python -m tests.conformance.layers_page > docs/layers.md
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from tests.conformance.applications_table import applications_section
from tests.conformance.notes import BOOKKEEPING, INSTEAD, NOTES, OPERATION_ROOMS, ROOMS, SAME_ROOM
from tests.conformance.support import Support, load, supports, unmade

BACKENDS = ("cpu", "wasm", "webgl")
KERASES = {"keras2": "2", "keras3": "3"}

HEAD = """\
# What is supported

Every layer, activation and operation of Keras {keras2} and {keras3}, with what becomes of it.

| | |
|---|---|
| **N** | native: TensorFlow.js has it and computes the same; only Keras's bookkeeping is left out |
| **F** | fixed: the same layer of TensorFlow.js, with other values of its fields or weights |
| **L** | lowered: other layers of TensorFlow.js that compute exactly the same |
| **C** | companion: needs the JavaScript module `/_tfjs-serve/layers.js` |
| **D** | dropped: does nothing at inference; left out with a warning |
| **X** | refused, with a sentence that names it |

The first letter is that of the plain form, those in brackets are of other arguments. Arguments \
that are refused stand in [What is refused](#what-is-refused); a dash instead of a letter, or \
*not measured*, means what it says: neither converted nor seen to be refused. A rule's name leads \
to its before and after. *Error* is the largest distance from Keras that was seen, relative for \
values beyond 1, on cpu, wasm and webgl; a dash stands for what was not predicted with there. \
*Files* counts the models, `.h5` and `.keras`, that were converted, loaded by \
`tf.loadLayersModel` in Chromium and compared at rtol 1e-4 and atol 1e-5. All {files} files of \
the suite that were converted gave Keras's numbers: {predicted}, where the plainest files of each \
class and function are asked. {refused} files were refused. A row without an error counts the \
committed fixtures instead, which `tests/conformance/test_fixtures.py` predicts with on cpu, wasm \
and webgl.

This page is made by `python -m tests.conformance.layers_page` of what `scripts/conformance` \
measured; a test compares the two.
"""
OLDER = """\
## Older files

Keras 1 and Keras 2.0 to 2.12 cannot be installed beside a current Python. Their `.h5` files are \
read by the documented layout of the old loaders, and the fixtures for them are written to that \
layout, not by those versions: what this page says of a class rests on Keras 2.15 and 3.15, and \
for older files on the layout alone.
"""


def page() -> str:
    """Return docs/layers.md."""
    seen, inventory = supports(), load("inventory.json")
    files = sum(item.right for kind in seen.values() for item in _once(kind))
    refused = sum(item.refused for kind in seen.values() for item in _once(kind))
    known = load("suite.json").get("parts", {}).values()
    counts = [(b, sum(part["predicted"].get(b, 0) for part in known)) for b in BACKENDS]
    predicted = ", ".join(f"{count} on {backend}" for backend, count in counts)
    versions = {keras: known["version"] for keras, known in inventory.items()}
    parts = [
        HEAD.format(**versions, predicted=predicted, files=files, refused=refused),
        *_layers(inventory, seen),
        *_activations(inventory, seen),
        *_operations(inventory, seen),
        *_functions(seen),
        *_contexts(seen),
        *_refused(seen),
        applications_section(load("applications.json")),
        OLDER,
    ]
    return "\n".join(part for part in parts if part)


def _once(kind: Mapping[str, Support]) -> Iterator[Support]:
    """Yield what counts each file of the suite once: activations stand beside their layers."""
    return (
        item
        for subject, item in kind.items()
        if not subject.startswith("activation ") and (item.errors or item.causes)
    )


UNMADE = "Keras writes no file of a model with any form that was tried"
UNKNOWN = "Not measured"

Inventory = Mapping[str, Mapping[str, Mapping[str, str]]]
Seen = Mapping[str, Mapping[str, Support]]
TITLES = "| {} | Keras | Status | Rules | Error | Files | |\n|---|---|---|---|---|---|---|"


def _layers(inventory: Inventory, seen: Seen) -> Iterator[str]:
    rooms: dict[str, set[str]] = {room: set() for room in ROOMS}
    for known in inventory.values():
        for name, place in known["layers"].items():
            rooms[SAME_ROOM.get(place, place)].add(name)
    # Keras 2 keeps them elsewhere.
    rooms["core"] -= {"Activation", "Wrapper", "Layer"}
    rooms["activations"] |= {"Activation"}
    rooms["rnn"] -= {"Wrapper"}
    rooms["other"] |= {"Layer", "Wrapper"}
    rooms["preprocessing"] -= {"Normalization"}
    rooms["normalization"] |= {"Normalization"}
    for room, title in ROOMS.items():
        rows = [
            row
            for name in sorted(rooms[room])
            for row in _rows(name, f"`{name}`", _having(name, "layers", inventory), seen)
        ]
        yield "\n".join([f"## {title}\n", TITLES.format("Layer"), *rows, ""])


def _having(name: str, kind: str, inventory: Inventory) -> list[str]:
    return [keras for keras, known in inventory.items() if name in known[kind]]


def _activations(inventory: Inventory, seen: Seen) -> Iterator[str]:
    names = sorted({name for known in inventory.values() for name in known["activations"]})
    rows = [
        row
        for name in names
        for row in _rows(
            f"activation {name}", f"`{name}`", _having(name, "activations", inventory), seen
        )
    ]
    yield "## Activations\n\nIn the layers that take one, and as the layer Activation.\n"
    yield "\n".join([TITLES.format("Activation"), *rows, ""])


def _operations(inventory: Inventory, seen: Seen) -> Iterator[str]:
    yield "## Operations of Keras 3\n\n`keras.ops`, in a functional model.\n"
    for room, title in OPERATION_ROOMS.items():
        places = inventory["keras3"]["operations"]
        names = [name for name, place in sorted(places.items()) if place == room]
        yield f"### {title}\n\n{_listed([(name, f'ops.{name}') for name in names], 'keras3', seen)}"
    names = sorted({s for kind in seen.values() for s in kind if s.startswith("operator.")})
    rows = [
        row
        for name in names
        for row in _rows(
            name,
            f"`{name.removeprefix('operator.')}`",
            [k for k in KERASES if name in seen[k]],
            seen,
        )
    ]
    if rows:
        yield "## Operators\n\nOf Python, on tensors of a functional model.\n"
        yield "\n".join([TITLES.format("Operator"), *rows, ""])


def _functions(seen: Seen) -> Iterator[str]:
    names = sorted(name for name in seen["keras2"] if name.startswith("tf."))
    if names:
        yield (
            "## Functions of TensorFlow in Keras 2\n\nThose not listed are refused by their name.\n"
        )
        yield _listed([(name, name) for name in names], "keras2", seen)


def _listed(names: Sequence[tuple[str, str]], keras: str, seen: Seen) -> str:
    """Return a table of what is converted, and lines of what is refused and what is not known."""
    rows: list[str] = []
    rest: dict[str, list[str]] = {"**X**": [], UNMADE: [], UNKNOWN: []}
    for name, subject in names:
        item = seen[keras].get(subject, Support())
        if item.right:
            rows += _rows(subject, f"`{name}`", [keras], seen)
        elif item.refused:
            rest["**X**"].append(f"`{name}`")
        else:
            rest[UNMADE if subject in unmade()[keras] else UNKNOWN].append(f"`{name}`")
    table = "\n".join([TITLES.format("Function"), *rows, ""]) if rows else ""
    lines = [f"{what}: {', '.join(of)}.\n" for what, of in rest.items() if of]
    return "\n".join(part for part in (table, *lines) if part)


def _rows(subject: str, label: str, kerases: Sequence[str], seen: Seen) -> Iterator[str]:
    """Yield one row, or two where the Kerases differ."""
    unseen = Support()
    found = {keras: seen[keras].get(subject, unseen) for keras in kerases}
    if len({(item.status, tuple(_rules(item))) for item in found.values()}) == 1:
        yield _row(subject, label, ", ".join(KERASES[k] for k in kerases), list(found.values()))
        return
    for keras, item in found.items():
        yield _row(subject, label, KERASES[keras], [item])


def _row(subject: str, label: str, kerases: str, items: Sequence[Support]) -> str:
    errors = [
        max((item.errors[b] for item in items if b in item.errors), default=None) for b in BACKENDS
    ]
    told = " / ".join("–" if e is None else "0" if e == 0 else f"{e:.0e}" for e in errors)
    rules = ", ".join(f"[{rule}](rules.md#{rule})" for rule in _rules(items[0]))
    count = sum(item.right for item in items)
    refused = sum(item.refused for item in items)
    note = NOTES.get(subject, "") if items[0].right else INSTEAD.get(subject, "")
    if count and refused:
        note = "; ".join(part for part in (note, f"[{refused} refused](#what-is-refused)") if part)
    cells = (label, kerases, items[0].status, rules, told if count else "", count or "", note)
    return "| " + " | ".join(map(str, cells)) + " |"


def _rules(item: Support) -> list[str]:
    return [rule for rule in item.rules if rule not in BOOKKEEPING]


def _contexts(seen: Seen) -> Iterator[str]:
    subjects = sorted(
        {
            s
            for kind in seen.values()
            for s in kind
            if re.match(r"context |dtype |mask|two |stale|gr", s)
        }
    )
    if not subjects:
        return
    yield (
        "## Masks, dtypes and graphs\n\nEach layer class in each of these, and masks through each "
        "layer to what reads them.\n"
    )
    rows = [row for s in subjects for row in _rows_of_context(s, seen)]
    titles = "| Where | Keras | Files | Refused | Error |\n|---|---|---|---|---|"
    yield "\n".join([titles, *rows, ""])


def _rows_of_context(subject: str, seen: Seen) -> Iterator[str]:
    items = {keras: kind[subject] for keras, kind in seen.items() if subject in kind}
    errors = [
        max((i.errors[b] for i in items.values() if b in i.errors), default=None) for b in BACKENDS
    ]
    told = " / ".join("–" if e is None else "0" if e == 0 else f"{e:.0e}" for e in errors)
    right, refused = (sum(getattr(i, f) for i in items.values()) for f in ("right", "refused"))
    names = ", ".join(KERASES[k] for k in items)
    yield f"| {subject} | {names} | {right} | {refused or ''} | {told} |"


def _refused(seen: Seen) -> Iterator[str]:
    causes: dict[str, set[str]] = {}
    for kind in seen.values():
        for subject, item in kind.items():
            if item.right or not subject.startswith(("ops.", "tf.")):
                for class_name, why in item.causes:
                    causes.setdefault(class_name or "the file", set()).add(why)
    if not causes:
        return
    yield (
        "## What is refused\n\nCauses by class, as the suite saw them; `#` stands for a number. "
        "Nothing is written for such a model, and every cause is told at once.\n"
    )
    rows = [
        f"| `{name}` | {'<br>'.join(_cell(why) for why in sorted(found))} |"
        for name, found in sorted(causes.items())
    ]
    yield "\n".join(["| Class | Cause |\n|---|---|", *rows, ""])


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")


if __name__ == "__main__":
    print(page(), end="")
