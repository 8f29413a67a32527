"""Which served name a wrong one probably stands for."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_LONGEST_NAME = 200
"""What is looked at of a name that a stranger may have made up."""


def nearest(name: str, served: Iterable[str]) -> str | None:
    """Return the served name that resembles `name`: by case, by last segment, by letters."""
    asked = name[:_LONGEST_NAME].casefold()
    candidates = {served_name.casefold(): served_name for served_name in served}
    if asked in candidates:
        return candidates[asked]
    for folded, served_name in candidates.items():
        if folded.rpartition("/")[2] == asked.rpartition("/")[2]:
            return served_name
    close = difflib.get_close_matches(asked, candidates, n=1)
    return candidates[close[0]] if close else None
