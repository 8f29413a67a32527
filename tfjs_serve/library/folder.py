"""The served folder: where each file of the static site lies, and how it is replaced.

    <name>/model.json             the newest version
    <name>@<digest>/model.json    one version
    _w/<32 hex>.bin               the shards of all models
    .state/<32 hex>.json          one record per model, for the next start (records.py)
    .state/lock                   locked by the server that publishes here (lock.py)
    .gitignore                    `*`: the folder is a cache

Every file but a shard is written here, under a temporary name in the same directory first, so
that whoever reads it finds the old bytes or the new ones.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.artifacts import SHARD_FOLDER, Shard

TEMPORARY_PREFIX = ".tmp-"
"""How the name of every file begins that is not yet what it is going to be."""

_SHARD_NAME = re.compile(r"[0-9a-f]{32}\.bin")
_PINNED_FOLDER = re.compile(r".+@[0-9a-f]{16}")
_ENTRY_FILE = "model.json"


@dataclass(frozen=True, slots=True)
class ServedFolder:
    """The files of the static site at `path`."""

    path: Path

    @property
    def records(self) -> Path:
        """Return the folder of the records."""
        return self.path / ".state"

    @property
    def lock(self) -> Path:
        """Return the file that who publishes into the folder keeps locked."""
        return self.records / "lock"

    def prepare(self) -> None:
        """Make the folders; OSError when that is not allowed."""
        for folder in (self.path, self.path / SHARD_FOLDER, self.records):
            folder.mkdir(parents=True, exist_ok=True)
        if not (self.path / ".gitignore").exists():
            replace(self.path / ".gitignore", b"*\n")

    def live(self, name: str) -> Path:
        """Return where the newest model.json of `name` lies."""
        return self.path / name / _ENTRY_FILE

    def pinned(self, name: str, digest: str) -> Path:
        """Return where the model.json of one version lies."""
        return self.path / f"{name}@{digest}" / _ENTRY_FILE

    def shard(self, file_name: str) -> Path:
        """Return where a shard lies."""
        return self.path / SHARD_FOLDER / file_name

    # Asked of all models every few seconds: paths as values would cost more than the disk does.

    def has_pages(self, name: str, digest: str) -> bool:
        """Tell whether both model.json of a version that is the newest are there."""
        places = (name, f"{name}@{digest}")
        return all(os.path.exists(f"{self.path}/{place}/{_ENTRY_FILE}") for place in places)  # noqa: PTH110

    def has_whole(self, shard: Shard) -> bool:
        """Tell whether a shard is there with the size it should have."""
        try:
            return os.stat(f"{self.path}/{SHARD_FOLDER}/{shard.name}").st_size == shard.nbytes  # noqa: PTH116
        except OSError:
            return False

    def free_bytes(self) -> int:
        """Return how much room is left on the disk."""
        try:
            return shutil.disk_usage(self.path).free
        except OSError:
            return 0

    def shard_age_s(self, file_name: str, now: float) -> float | None:
        """Return how many seconds before `now` (since the epoch) a shard was written."""
        try:
            return now - self.shard(file_name).stat().st_mtime
        except OSError:
            return None

    def shards(self) -> Iterator[str]:
        """Yield the names of all shards."""
        with suppress(OSError), os.scandir(self.path / SHARD_FOLDER) as items:
            for item in items:
                if _SHARD_NAME.fullmatch(item.name):
                    yield item.name

    def temporary_shards(self, before: float) -> Iterator[Path]:
        """Yield what lies beside the shards and is none, last changed before a time."""
        with suppress(OSError):
            for path in (self.path / SHARD_FOLDER).iterdir():
                if not _SHARD_NAME.fullmatch(path.name) and _is_older(path, before):
                    yield path

    def strays(self, known: AbstractSet[str], before: float, started: float) -> Iterator[Path]:
        """Yield what ended processes left: versions not `known`, files half-written.

        A version counts when it was written before `before`, a temporary before `started`.
        """
        root = str(self.path)
        for folder, folders, files in os.walk(root):
            if folder == root and SHARD_FOLDER in folders:
                folders.remove(SHARD_FOLDER)
            is_version = _PINNED_FOLDER.fullmatch(os.path.basename(folder)) is not None  # noqa: PTH119
            for file in files:
                path = os.path.join(folder, file)  # noqa: PTH118
                if file.startswith(TEMPORARY_PREFIX):
                    is_stray = _is_older(Path(path), started)
                else:
                    is_stray = is_version and path not in known and _is_older(Path(path), before)
                if is_stray:
                    yield Path(path)

    def remove(self, path: Path) -> None:
        """Delete a file and every folder that it leaves empty; a missing one is fine."""
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder in (self.path, self.records, self.path / SHARD_FOLDER):
                    break
                folder.rmdir()


def is_right(shard: Path) -> bool:
    """Tell whether a shard holds what its name says; blocks while it is read."""
    with shard.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(shard.stem)


def replace(path: Path, data: bytes) -> None:
    """Put `data` at `path` so that no reader ever finds anything else than old or new bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{os.getpid()}-{path.name}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except OSError:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise


def _is_older(path: Path, before: float) -> bool:
    try:
        return path.is_file() and path.stat().st_mtime < before
    except OSError:
        return False
