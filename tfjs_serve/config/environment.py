"""The only reader of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping


def environment() -> Mapping[str, str]:
    """Return the environment variables of this process."""
    return os.environ


def wants_color(is_terminal: bool, environ: Mapping[str, str] | None = None) -> bool:
    """Tell whether output is coloured: NO_COLOR, then FORCE_COLOR, then the terminal decide."""
    environ = environment() if environ is None else environ
    if environ.get("NO_COLOR"):
        return False
    if forced := environ.get("FORCE_COLOR"):
        return forced != "0"
    return is_terminal and environ.get("TERM") != "dumb"
