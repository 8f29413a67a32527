"""Names, numbers and URLs as a terminal shows them."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Sequence

from tfjs_serve.errors import Reason
from tfjs_serve.visible import visible

_INDENT = 6
_LEAST_COLUMNS = 24
"""What a sentence needs beside what stands before it."""

_BAD_URL_CHARACTERS = str.maketrans({"'": "%27"})


def escape(text: str, encoding: str = "utf-8") -> str:
    """Return text that shows as one line whatever it holds and whatever the terminal can show."""
    return visible(text).encode(encoding, "backslashreplace").decode(encoding)


def width(text: str) -> int:
    """Return how many columns a text takes: two for a wide character, none for what combines."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(map(bool, map(unicodedata.combining, text)))


def padded(text: str, columns: int) -> str:
    """Return a text made as wide as `columns`."""
    return text + " " * (columns - width(text))


def cut(text: str, columns: int) -> str:
    """Return as much of the beginning of a text as fits."""
    while text and width(text) > columns:
        text = text[:-1]
    return text


def hanging(text: str, indent: int, columns: int | None) -> str:
    """Return a text whose lines, after the first, start below it at `indent`.

    What stands before it takes `indent` columns; it starts on a line of its own when hardly any
    are left. Words are kept whole. None for `columns` keeps one line.
    """
    if columns is None:
        return text
    if columns - indent >= _LEAST_COLUMNS:
        return _filled(text, indent, columns).lstrip()
    return "\n" + _filled(text, _INDENT, columns)


def hung(head: str, text: str, indent: int, columns: int | None) -> str:
    """Return a head of `indent` columns and a text that hangs behind it, as `hanging` says."""
    lines = hanging(text, indent, columns)
    return f"{head.rstrip() if lines[:1].isspace() else head}{lines}"


def _filled(text: str, indent: int, columns: int) -> str:
    margin = " " * indent
    return textwrap.fill(
        text,
        max(columns, indent + _LEAST_COLUMNS),
        initial_indent=margin,
        subsequent_indent=margin,
        break_long_words=False,
        break_on_hyphens=False,
    )


def load_snippet(url: str) -> str:
    """Return the line of JavaScript that loads the model at `url`."""
    return f"await tf.loadLayersModel('{url.translate(_BAD_URL_CHARACTERS)}')"


def size(nbytes: int) -> str:
    """Return a number of bytes for people, in powers of 1000."""
    if nbytes < 1000:
        return f"{nbytes} B"
    amount = float(nbytes)
    for unit in ("kB", "MB"):
        amount /= 1000
        if amount < 999.95:
            return f"{amount:.1f} {unit}"
    return f"{amount / 1000:.1f} GB"


def duration(ms: int) -> str:
    """Return a number of milliseconds for people."""
    return f"{ms} ms" if ms < 1000 else f"{ms / 1000:.1f} s"


def refusal_lines(message: str, reasons: Sequence[Reason]) -> list[str]:
    """Return a refusal in full: a headline, and below it each reason that is not said in it."""
    headline = message
    if len(reasons) > 1 and message.startswith(str(reasons[0])):
        headline = f"cannot be converted exactly, for {len(reasons)} reasons:"
    return [headline, *(f"- {reason}" for reason in reasons if reason.why not in headline)]
