"""A lock between processes: who holds it is the only one to write a served folder.

The system gives it back when its holder ends, however that comes about. It lies on a file of our
own: locks on a model file would make a training process fail that saves at the same time.
"""

from __future__ import annotations

import errno
import os
import sys
import time
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

_SAFE = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0)
_RETRY_S = 0.02
_HELD = frozenset({errno.EAGAIN, errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK})


class Lock:
    """A lock that is held until `release`, or until this process ends."""

    def __init__(self, fd: int) -> None:
        """Hold the lock of an open file."""
        self._fd: int | None = fd

    @classmethod
    def take(cls, path: Path, patience_s: float = 0.0) -> Lock | None:
        """Lock the file at `path`, made when missing; None when another process keeps it locked.

        patience_s: how long to wait for a process that may be about to end.
        Raises OSError when the file cannot be opened.
        """
        until = time.monotonic() + patience_s
        while True:
            fd = os.open(path, os.O_RDWR | os.O_CREAT | _SAFE, 0o600)
            if try_lock(fd):
                if _is_at(fd, path):
                    return cls(fd)
            elif time.monotonic() >= until:
                os.close(fd)
                return None
            else:
                time.sleep(_RETRY_S)
            os.close(fd)  # Deleted meanwhile by who held it, or still held: look again.

    def release(self) -> None:
        """Let others have it; doing so twice is fine."""
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)


def is_held(path: Path) -> bool:
    """Tell whether a process keeps the file at `path` locked, this one included."""
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        return not try_lock(fd)
    finally:
        os.close(fd)


def try_lock(fd: int) -> bool:
    """Lock an open file or folder and tell whether nobody else holds it."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        # A file system without locks refuses otherwise: there, nothing can be told of others.
        return error.errno not in _HELD
    return True


def _is_at(fd: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except OSError:
        return False
