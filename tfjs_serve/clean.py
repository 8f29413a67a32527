"""Deletes a served folder: what tfjs-serve wrote into it, and nothing else."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts import SHARD_FOLDER
from tfjs_serve.config import is_ours
from tfjs_serve.errors import UsageError
from tfjs_serve.library.folder import TEMPORARY_PREFIX, ServedFolder
from tfjs_serve.library.lock import is_held

_SHARD = re.compile(r"[0-9a-f]{32}\.bin")
_VERSION = re.compile(r"(.+)@[0-9a-f]{16}")


@dataclass(frozen=True, slots=True)
class Cleaned:
    """What was deleted, and how many files were left since somebody else wrote them."""

    files: int
    nbytes: int
    kept: int


def clean(folder: Path) -> Cleaned:
    """Delete what tfjs-serve published into `folder`, and the folder when that empties it.

    Raises UsageError when the folder is not one of ours or a server publishes into it, OSError
    when a file cannot be deleted.
    """
    if not is_ours(folder) or folder.is_symlink() or ServedFolder(folder).records.is_symlink():
        raise UsageError(f"{folder}: was not written by tfjs-serve; nothing was deleted")
    if is_held(ServedFolder(folder).lock):
        raise UsageError(f"{folder}: a server publishes into it; stop that first")
    files = nbytes = 0
    for path in list(_written(folder)):
        nbytes += path.lstat().st_size
        path.unlink()
        files += 1
    kept = 0
    for parent, _, names in os.walk(folder, topdown=False):
        kept += len(names)
        with suppress(OSError):  # not empty
            Path(parent).rmdir()
    return Cleaned(files, nbytes, kept)


def _written(folder: Path) -> Iterator[Path]:
    """Yield our files; the records come last, so that a broken run can be repeated."""
    records = ServedFolder(folder).records
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        if here == records:
            continue
        # A version stands beside the folder of its model's newest one.
        models = {match[1] for name in folders if (match := _VERSION.fullmatch(name))}
        for name in (*models, *(name for name in folders if _VERSION.fullmatch(name))):
            if not (here / name).is_symlink() and (here / name / "model.json").is_file():
                yield here / name / "model.json"
        for name in names:
            is_shard = here == folder / SHARD_FOLDER and _SHARD.fullmatch(name)
            if is_shard or name.startswith(TEMPORARY_PREFIX):
                yield here / name
    ignore = folder / ".gitignore"
    if ignore.is_file() and ignore.read_bytes() == b"*\n":
        yield ignore
    yield from (path for path in records.iterdir() if path.is_file())
