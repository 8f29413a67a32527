"""The table of keras.applications for docs/layers.md, of `results/applications.json`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance.notes import BOOKKEEPING

HEAD = """\
## keras.applications

The smallest member of each family, and some larger ones, with random weights. *Error* is the \
largest distance from Keras, relative to the greatest output, on wasm and on webgl; the other \
column is what the official converter {official} makes of the same file, loaded in the same way \
on wasm. A larger member without figures was converted and its structure checked.

| Model | Keras | Format | Error on wasm | on webgl | Official converter | Rules |
|---|---|---|---|---|---|---|
"""


def applications_section(results: Mapping[str, Any]) -> str:
    """Return the section, or nothing before there are results."""
    if not results:
        return ""
    versions = results.get("versions", {})
    rows = "\n".join(_rows(results.get("models", results)))
    return HEAD.format(official=versions.get("official", "")) + rows + "\n"


def _rows(models: Mapping[str, Any]) -> Iterator[str]:
    for name, found in sorted(models.items()):
        keras, file = name.split("/")
        model, suffix = file.rsplit(".", 1)
        if "refused" in found:
            cells = ["refused", "", found.get("official", ""), found["refused"]]
        else:
            rules = ", ".join(f"[{rule}](rules.md#{rule})" for rule in _telling(found["rules"]))
            official = found.get("official", "")
            cells = [_error(found.get("wasm")), _error(found.get("webgl")), official, rules]
        row = (model, keras.removeprefix("keras"), f".{suffix}", *cells)
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |"


def _error(found: Mapping[str, float] | str | None) -> str:
    if found is None:
        return ""
    return found if isinstance(found, str) else f"{found['rel']:.0e}"


def _telling(rules: list[str]) -> list[str]:
    return [rule for rule in rules if rule not in BOOKKEEPING]
