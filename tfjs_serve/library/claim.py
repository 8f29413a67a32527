"""Which served folder a server takes: one it can write, and into which nobody else publishes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.config import Settings, default_folder, private_folders
from tfjs_serve.errors import UsageError
from tfjs_serve.library.folder import ServedFolder
from tfjs_serve.library.lock import Lock

_PATIENCE_S = 1.0
"""How long a folder may still be held by the server that this one follows upon."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A served folder that is ours until the lock is released.

    in_use: the folder that would have been taken, had another server not been there first.
    """

    folder: Path
    lock: Lock
    in_use: Path | None = None


def claim(
    settings: Settings, environ: Mapping[str, str] | None = None, patience_s: float = _PATIENCE_S
) -> Claim:
    """Take the folder to publish into, made when missing; UsageError when there is none.

    `--out`, else `.tfjs-serve` in the models folder; when that is in use, or it is not `--out`
    and cannot be written, the first that is free of those in the user's cache folder.
    """
    wanted = settings.out or default_folder(settings.models_dir)
    in_use: Path | None = None
    for folder in _candidates(wanted, settings, environ):
        try:
            if folder is wanted and settings.out is None and folder.is_symlink():
                continue  # Not the user's choice: whoever made the models folder put it there.
            lock = _taken(folder, patience_s if folder is wanted else 0.0)
        except OSError as error:
            if folder is wanted and settings.out is None:
                continue
            raise UsageError(_sentence(folder, error, in_use)) from None
        if lock is not None:
            return Claim(folder, lock, in_use)
        in_use = in_use or folder
    raise UsageError(f"{wanted}: every served folder is in use; name another one with --out")


def _candidates(
    wanted: Path, settings: Settings, environ: Mapping[str, str] | None
) -> Iterator[Path]:
    yield wanted
    yield from private_folders(settings.models_dir, environ)


def _taken(folder: Path, patience_s: float) -> Lock | None:
    """Lock a folder; None when another server has it, OSError when it cannot be written."""
    files = ServedFolder(folder)
    files.prepare()
    # Permission bits say little on network shares and Windows: write something.
    with tempfile.TemporaryFile(dir=folder):
        return Lock.take(files.lock, patience_s)


def _sentence(folder: Path, error: OSError, in_use: Path | None) -> str:
    remedy = "name another one with --out"
    if in_use is None:
        return f"{folder}: the served folder cannot be written ({error}); {remedy}"
    return (
        f"{in_use}: another server publishes into this folder, and {folder} "
        f"cannot be written instead ({error}); {remedy}"
    )
