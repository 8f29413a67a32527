"""docs/training.md says what is carried over."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfjs_serve.layers_format.catalog.compiled import LOSSES, METRICS, OPTIMIZERS

PAGE = Path(__file__).parents[2] / "docs" / "training.md"


def rows() -> Iterator[str]:
    yield from _named("loss", LOSSES)
    yield from _named("metric", METRICS)
    for name, spec in OPTIMIZERS.items():
        keras = "SGD` with momentum" if name == "Momentum" else f"{name}`"
        settings = ", ".join(f"`{key}`" for key in spec.settings)
        yield f"| optimizer | `{keras} | `{spec.class_name}`: {settings} |"


def _named(kind: str, names: Mapping[str, str]) -> Iterator[str]:
    for target in dict.fromkeys(names.values()):
        spellings = ", ".join(f"`{name}`" for name, value in names.items() if value == target)
        yield f"| {kind} | {spellings} | `{target}` |"


def test_the_table_is_the_catalog() -> None:
    text = PAGE.read_text(encoding="utf-8")
    head, rest = text.split("|---|---|---|\n", 1)
    old, _, tail = rest.partition("\n\n")
    table = "\n".join(rows())
    if os.environ.get("UPDATE_GOLDEN"):
        PAGE.write_text(f"{head}|---|---|---|\n{table}\n\n{tail}", encoding="utf-8")
        return
    assert old == table
