"""One look at a file: whether it is there, what it is, whether it may be read now."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.beside import is_written_beside
from tfjs_serve.keras_files.readiness import Identity, Readiness, open_source, probe
from tfjs_serve.keras_files.refusals import display_name, refusal
from tfjs_serve.watching.seen import Seen, seen_at


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found.

    error: why the file cannot be opened; it counts as UNKNOWN then.
    """

    seen: Seen
    readiness: Readiness
    error: ConversionError | None = None


def look_at(path: Path, within: Path | None = None) -> Look | None:
    """Look at a file; None when there is none. Blocks as long as the file system does.

    within: the folder that a link must not leave; None when it may lead anywhere.
    """
    try:
        if within is not None:
            _refuse_leaving(path, within)
        fd = open_source(path)
    except ConversionError as error:
        seen = seen_at(path)
        return None if seen is None else Look(seen, Readiness.UNKNOWN, error)
    try:
        identity = Identity.of(fd)
        readiness = probe(fd)
    finally:
        os.close(fd)
    if readiness is Readiness.READY and is_written_beside(path):
        # Nobody waits for ever for labels: they only have to stay the same for a moment.
        readiness = Readiness.READY_UNLEASED
    seen = seen_at(path)
    if seen is None:
        return None
    if seen.model != identity:  # Written to or replaced between two steps.
        readiness = Readiness.BUSY
    return Look(seen, readiness)


def _refuse_leaving(path: Path, folder: Path) -> None:
    """Refuse a link to a file elsewhere: who may write here might not be allowed to read that."""
    if not Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder)):
        what = "is a link that leads out of the models folder"
        remedy = "start with --follow-links, or put the file itself there"
        raise refusal(display_name(path), what, remedy)
