"""The empty folder that worker processes run in: a relative path inside a model leads nowhere."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tfjs_serve.library.lock import try_lock

_PREFIX = "tfjs-serve-"
_NAME = re.compile(_PREFIX + r"[a-z0-9_]{8}")
_YOUNG_S = 60.0
"""A folder may have been made but not locked yet."""


class Workplace:
    """A folder that is locked for as long as it is used, so that others know it from a left one."""

    def __init__(self, path: Path) -> None:
        """Use the folder at `path`."""
        self.path = path
        self._fd = _opened(path)
        if self._fd is not None:
            try_lock(self._fd)

    @classmethod
    def make(cls, parent: Path | None = None) -> Workplace:
        """Make a folder, and delete those that killed servers left."""
        parent = Path(tempfile.gettempdir()) if parent is None else parent
        for left in list(_left(parent, time.time() - _YOUNG_S)):
            with suppress(OSError):  # Not empty, so it is none of ours; or another was quicker.
                left.rmdir()
        return cls(Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)))

    def remove(self) -> None:
        """Delete the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def _left(parent: Path, before: float) -> Iterator[Path]:
    """Yield the folders of this user, made before a time, that nobody holds locked."""
    with suppress(OSError), os.scandir(parent) as items:
        for item in items:
            if not _NAME.fullmatch(item.name) or not item.is_dir(follow_symlinks=False):
                continue
            with suppress(OSError):
                found = item.stat(follow_symlinks=False)
                if found.st_mtime < before and _is_mine(found) and _is_free(Path(item.path)):
                    yield Path(item.path)


def _is_mine(found: os.stat_result) -> bool:
    return sys.platform != "win32" and found.st_uid == os.getuid()


def _is_free(path: Path) -> bool:
    fd = _opened(path)
    if fd is None:
        return False
    try:
        return try_lock(fd)
    finally:
        os.close(fd)


def _opened(path: Path) -> int | None:
    """Open a folder to lock it; None where folders cannot be opened (Windows)."""
    if sys.platform == "win32":
        return None
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
