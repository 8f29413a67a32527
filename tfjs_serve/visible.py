"""Text of strangers made safe to look at: what hides or moves characters is spelled out."""

from __future__ import annotations

import unicodedata

_LONGEST = 200


def visible(text: str, *, keep_lines: bool = False) -> str:
    r"""Return `text` with control, format and unassigned characters as `\u202e`, `\x1b` and so on.

    Names of files may hold terminal escapes, right-to-left overrides or lone surrogates.
    """
    return "".join(
        character
        if (keep_lines and character == "\n") or _is_plain(character)
        else character.encode("unicode_escape").decode()
        for character in text
    )


def excerpt(text: str) -> str:
    """Return `visible` text, cut where a stranger made it too long for a sentence."""
    return visible(text if len(text) <= _LONGEST else text[:_LONGEST] + "…")


def _is_plain(character: str) -> bool:
    category = unicodedata.category(character)
    return category[0] != "C" and category not in ("Zl", "Zp")
