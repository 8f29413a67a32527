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

import errno
import hashlib
import os
import re
import shutil
import stat
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from contextlib import suppress
from dataclasses import dataclass
from io import FileIO
from pathlib import Path

from tfjs_serve.artifacts import SHARD_FOLDER, Shard

TEMPORARY_PREFIX = ".tmp-"
"""How the name of every file begins that is not yet what it is going to be."""

_MOST_BYTES = 256 * 1024 * 1024
"""How large a record or a model.json may be: a start reads them whole."""

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

    def prepare(self, *, parents: bool = True) -> None:
        """Make the folders (and those around them); OSError when that is not allowed."""
        self.path.mkdir(parents=parents, exist_ok=True)
        for folder in (self.path / SHARD_FOLDER, self.records):
            folder.mkdir(exist_ok=True)
            if folder.is_symlink():
                raise NotADirectoryError(errno.ENOTDIR, "a link, not a folder", str(folder))
        if not (self.path / ".gitignore").exists():
            replace(self.path / ".gitignore", b"*\n")

    def put(self, path: Path, data: bytes) -> None:
        """Replace a file of this folder; a link on the way to it makes room for a folder."""
        for link in self._links_to(path):
            link.unlink()
        replace(path, data)

    def read(self, path: Path) -> bytes:
        """Read a file of this folder; OSError when it is too large, or it or its way is a link."""
        if self._links_to(path):
            raise FileNotFoundError(path)
        with open_regular(path) as file:
            if os.fstat(file.fileno()).st_size > _MOST_BYTES:
                raise OSError(errno.EFBIG, "is too large for a file of ours", str(path))
            return file.read()

    def _links_to(self, path: Path) -> list[Path]:
        """Return the links among the folders between this one and a file of it."""
        inside = path.relative_to(self.path).parents
        return [link for part in inside if part.name and (link := self.path / part).is_symlink()]

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
            found = os.lstat(f"{self.path}/{SHARD_FOLDER}/{shard.name}")
        except OSError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == shard.nbytes

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
        if self._links_to(path):
            return
        with suppress(OSError):
            path.unlink(missing_ok=True)
            for folder in path.parents:
                if folder in (self.path, self.records, self.path / SHARD_FOLDER):
                    break
                folder.rmdir()


def is_shard_name(name: str) -> bool:
    """Tell whether a name is one that a shard may have."""
    return _SHARD_NAME.fullmatch(name) is not None


def is_right(shard: Path) -> bool:
    """Tell whether a shard holds what its name says; blocks while it is read."""
    with open_regular(shard) as file:
        return hashlib.file_digest(file, "sha256").hexdigest().startswith(shard.stem)


def open_regular(path: Path) -> FileIO:
    """Open a regular file; FileNotFoundError for a link, OSError for anything else."""
    flags = os.O_RDONLY
    for name in ("O_NOFOLLOW", "O_NONBLOCK", "O_CLOEXEC", "O_BINARY"):
        flags |= getattr(os, name, 0)
    try:
        fd = os.open(path, flags)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO):
            raise FileNotFoundError(path) from error
        raise
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise IsADirectoryError(errno.EISDIR, "Is a directory", str(path))
    return FileIO(fd, "rb")


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
