"""docs/http.md says what the server does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.serving.cases import PREFLIGHT
from tfjs_serve.serving.headers import KINDS, Kind
from tfjs_serve.serving.targets import parse_target

TEXT = (Path(__file__).parents[2] / "docs" / "http.md").read_text(encoding="utf-8")
EXAMPLES = {"<name>": "digits", "<digest>": "0" * 16, "<hash>": "0" * 32}
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in TEXT.partition("## URLs and headers")[2].partition("\n## ")[0].splitlines()
    if line.startswith("| `")
]


def kind_of(url: str) -> Kind:
    for place, example in EXAMPLES.items():
        url = url.replace(place, example)
    return parse_target(url).kind


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_row(row: list[str]) -> None:
    url, _, cache_control, etag, content_type, has_cors = (cell.strip("`") for cell in row)
    headers = KINDS[kind_of(url)]
    assert (cache_control, content_type, has_cors) == (
        headers.cache_control,
        headers.content_type,
        "yes" if headers.has_cors else "no",
    )
    assert (etag == "–") is (headers.cache_control == "no-store")


def test_every_kind_has_a_row() -> None:
    documented = {kind_of(row[0].strip("`")) for row in ROWS}
    assert documented == set(Kind) - {Kind.UNKNOWN, Kind.UNKNOWN_INTERNAL}


@pytest.mark.parametrize(
    "header", ["access-control-allow-headers", "access-control-expose-headers"]
)
def test_lists_of_headers(header: str) -> None:
    listed = [f"`{name}`" for name in PREFLIGHT[header].split(", ")]
    sentence = f"{', '.join(listed[:-1])} and {listed[-1]}"
    assert sentence in re.sub(r"\s+", " ", TEXT)
