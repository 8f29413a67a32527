"""Text of strangers made safe to look at: what hides or moves characters is spelled out."""

from __future__ import annotations

import unicodedata
from typing import Any

_TEXT_CHARACTERS, _VALUE_CHARACTERS = 200, 80


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""Return `text` with control, format and unassigned characters as `\u202e`, `\x1b` and so on.

    Names of files may hold terminal escapes, right-to-left overrides or lone surrogates.
    """
    if text.isprintable():  # Nearly all text is, and this looks a hundred times quicker.
        return text
    return "".join(
        character
        if (keep_lines and character == "\n") or _is_plain(character)
        else character.encode("unicode_escape").decode()
        for character in text
    )


def excerpt(text: str) -> str:
    """Return `visible` text, cut where a stranger made it too long for a sentence."""
    return visible(cut(text, _TEXT_CHARACTERS))


def shown(value: Any) -> str:
    """Return a value of a stranger as Python spells it, cut to fit into a sentence."""
    return visible(cut(repr(value), _VALUE_CHARACTERS))


def cut(text: str, characters: int) -> str:
    """Return the beginning of a text that is too long, with an ellipsis."""
    return text if len(text) <= characters else text[:characters] + "…"


def _is_plain(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp")
