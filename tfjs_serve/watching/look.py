"""One look at a file: whether it is there, what it is, whether it may be read now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.readiness import Identity, Readiness, open_source, probe


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    error: why the file cannot be opened; it counts as UNKNOWN then.
    """

    identity: Identity
    readiness: Readiness
    error: ConversionError | None = None


def look_at(path: Path) -> Look | None:
    """Look at a file; None when there is none. Blocks as long as the file system does."""
    try:
        fd = open_source(path)
    except ConversionError as error:
        identity = identity_of(path)
        return None if identity is None else Look(identity, Readiness.UNKNOWN, error)
    try:
        identity = Identity.of(fd)
        readiness = probe(fd)
    finally:
        os.close(fd)
    at_path = identity_of(path)
    if at_path is None:
        return None
    if at_path != identity:  # Written to or replaced between two steps.
        return Look(at_path, Readiness.BUSY)
    return Look(identity, readiness)


def identity_of(path: Path) -> Identity | None:
    """Return the identity of a file; None when there is none."""
    try:
        return Identity.of(path)
    except OSError:
        return None
