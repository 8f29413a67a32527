"""Streams: colours, marks and writing."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TextIO

_USUAL_COLUMNS = 80
"""What is assumed of a terminal that does not tell."""

_COLORS = {"dim": "2", "bold": "1", "good": "32", "bad": "31", "warn": "33", "link": "36"}


def marks(stream: TextIO) -> tuple[str, str, str, str]:
    """Return the signs for good, bad, unchanged and going on that a stream can show."""
    signs = ("✓", "✗", "·", "…")
    try:
        "".join(signs).encode(stream.encoding or "utf-8")
    except UnicodeEncodeError:
        return ("+", "x", ".", "...")
    return signs


def painter(is_on: bool) -> Callable[[str, str], str]:
    """Return the function that colours a text, or leaves it as it is."""

    def paint(style: str, text: str) -> str:
        return f"\x1b[{_COLORS[style]}m{text}\x1b[0m" if is_on else text

    return paint


def columns(stream: TextIO) -> int | None:
    """Return how wide the terminal behind a stream is now; None when there is none."""
    if not stream.isatty():
        return None
    try:
        return os.get_terminal_size(stream.fileno()).columns or _USUAL_COLUMNS
    except (OSError, ValueError):
        return _USUAL_COLUMNS


def write(stream: TextIO, text: str) -> None:
    """Write at once; a stream that cannot be written to any more does not stop the server.

    A reader may have gone away (`| head`), a terminal been closed, a disk be full.
    """
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # The interpreter flushes once more when it ends: give it somewhere to write to.
        with suppress(OSError), Path(os.devnull).open("wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
