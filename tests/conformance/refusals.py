"""What the suite may see refused: class -> causes, kept in `results/refusals.json`."""

from __future__ import annotations

import json
import re
from pathlib import Path

COMMITTED = Path(__file__).with_name("results") / "refusals.json"


def expected(path: Path = COMMITTED) -> dict[str, list[str]]:
    """Return the causes that are known."""
    if not path.exists():
        return {}
    known: dict[str, list[str]] = json.loads(path.read_text("utf-8"))
    return known


def plain(why: str) -> str:
    """Return a cause without names of layers and numbers, which differ from model to model."""
    why = re.sub(r"'[\w.-]+/(\w+)'", r"'…/\1'", why)
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "#", why)
