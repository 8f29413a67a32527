"""From request targets to what they name; names only, never paths of the file system."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from tfjs_serve.companion import MODULE
from tfjs_serve.serving.headers import KINDS, Kind, KindHeaders

INTERNAL = "_tfjs-serve"
ENTRY_FILE = "model.json"

_SHARD_NAME = re.compile(r"[0-9a-f]{32}\.bin")
_DIGEST = re.compile(r"[0-9a-f]{16}")
_PINNED_MODULE = re.compile(r"layers@([0-9a-f]{16})\.js")
_INTERNAL_KINDS = {
    ("",): Kind.PAGE,
    ("api", "models"): Kind.API_MODELS,
    ("events",): Kind.EVENTS,
    ("health",): Kind.HEALTH,
    (MODULE,): Kind.MODULE,
}


@dataclass(frozen=True, slots=True)
class Target:
    """What a URL names: a kind, and the name that is then looked up in the library.

    name: of a model or a shard; '' for a shard that cannot exist.
    digest: of a pinned version, of a model or of the companion module.
    """

    kind: Kind
    name: str = ""
    digest: str = ""

    @property
    def headers(self) -> KindHeaders:
        """Return what answers of this kind carry."""
        return KINDS[self.kind]


def parse_target(raw_path: str) -> Target:
    """Return what a raw, still percent-encoded path names.

    An encoded slash never separates segments, so a name has exactly one spelling of its
    structure; what does not decode, and what is no name the library gives, is unknown.
    """
    root, *raw_segments = raw_path.split("/")
    segments = [_decoded(segment) for segment in raw_segments]
    match [segment for segment in segments if segment is not None]:
        case known if root or len(known) < len(segments):
            return _unknown(raw_path, is_internal=segments[:1] == [INTERNAL])
        case [""]:
            return Target(Kind.PAGE)
        case ["healthz"]:
            return Target(Kind.HEALTH)
        case [head, *rest] if head == INTERNAL:
            return _internal(rest)
        case ["_w", file_name] if _SHARD_NAME.fullmatch(file_name):
            return Target(Kind.SHARD, file_name)
        case ["_w", *_]:
            return Target(Kind.SHARD)
        case [*name, last] if name and last == ENTRY_FILE:
            return _version("/".join(name))
        case rest:
            return _unknown("/".join(rest))


def _decoded(segment: str) -> str | None:
    """Return a segment decoded, None when it is not UTF-8 or hides a slash or a NUL."""
    try:
        text = unquote_to_bytes(segment).decode()
    except UnicodeError:
        return None
    return None if "/" in text or "\0" in text else text


def _version(name: str) -> Target:
    """Tell the newest version from a pinned one: `@` occurs in no name (contract, Names)."""
    model, at, digest = name.rpartition("@")
    if not at:
        return Target(Kind.ALIAS, name)
    if model and _DIGEST.fullmatch(digest):
        return Target(Kind.PINNED, model, digest)
    return Target(Kind.UNKNOWN, name)


def _internal(rest: list[str]) -> Target:
    if kind := _INTERNAL_KINDS.get(tuple(rest)):
        return Target(kind)
    match rest:
        case ["api", "models", *name] if all(name):
            return Target(Kind.API_MODEL, "/".join(name))
        case [file_name] if pinned := _PINNED_MODULE.fullmatch(file_name):
            return Target(Kind.PINNED_MODULE, file_name, pinned[1])
    return Target(Kind.UNKNOWN_INTERNAL, "/".join([INTERNAL, *rest]))


def _unknown(path: str, *, is_internal: bool = False) -> Target:
    """Tell a wrong shard, answered without a body, from anything else.

    tfjs 4.22 ignores the status of a shard and takes the body for weights (browser.md T1).
    """
    if is_internal:
        return Target(Kind.UNKNOWN_INTERNAL, path.lstrip("/"))
    if path.endswith(".bin"):
        return Target(Kind.SHARD)
    return Target(Kind.UNKNOWN, path.lstrip("/"))
