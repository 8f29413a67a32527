"""Conditional requests: entity tags in, decision out (RFC 9110, 8.8.3 and 13)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum

_ENTITY_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\U0010ffff]*"'
_TAG = re.compile(_ENTITY_TAG)
_LIST = re.compile(rf"[ \t,]*{_ENTITY_TAG}(?:[ \t]*,[ \t,]*{_ENTITY_TAG})*[ \t,]*")


class Outcome(Enum):
    """What the preconditions of a request come to; the value is the status."""

    PROCEED = 200
    NOT_MODIFIED = 304
    FAILED = 412


def strong(opaque: str) -> str:
    """Return the strong entity tag of a digest."""
    return f'"{opaque}"'


def evaluate(if_match: Sequence[str], if_none_match: Sequence[str], etag: str) -> Outcome:
    """Return what a GET or HEAD of a representation comes to, in the order of RFC 9110, 13.2.2.

    Each sequence holds the field's lines; a field that is not well-formed is ignored. Dates are
    not compared: nothing is sent with Last-Modified (13.1.3, 13.1.4).
    """
    wanted = _tags(if_match)
    if wanted is not None and "*" not in wanted and etag not in wanted:
        return Outcome.FAILED
    known = _tags(if_none_match)
    if known is not None and ("*" in known or etag in {tag.removeprefix("W/") for tag in known}):
        return Outcome.NOT_MODIFIED
    return Outcome.PROCEED


def _tags(lines: Sequence[str]) -> frozenset[str] | None:
    """Return the tags of a field; None when it is absent or malformed."""
    value = ", ".join(lines).strip(" \t")
    if value == "*":
        return frozenset({"*"})
    return frozenset(_TAG.findall(value)) if _LIST.fullmatch(value) else None
