"""Reading an open file by position, never by a shared cursor or a memory map."""

from __future__ import annotations

import io
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from _typeshed import WriteableBuffer

STEP_BYTES = 1 << 20


def read_at(fd: int, offset: int, count: int) -> bytes:
    """Return `count` bytes at `offset`, fewer only where the file ends.

    Never a memory map: a writer that truncates a mapped file kills the process (SIGBUS).
    """
    parts: list[bytes] = []
    while count > 0:
        part = _pread(fd, min(count, 1 << 30), offset)
        if not part:
            break
        parts.append(part)
        offset += len(part)
        count -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)


@dataclass(frozen=True, slots=True)
class Window:
    """A run of bytes of an open file: the whole of it, or a member of an archive.

    fd: the open file, the owner's to close. offset, nbytes: where the run lies in it.
    """

    fd: int
    offset: int
    nbytes: int

    @classmethod
    def whole(cls, fd: int) -> Window:
        """Return the window that shows all of an open file."""
        return cls(fd, 0, os.fstat(fd).st_size)

    def read(self, offset: int, count: int) -> bytes:
        """Return bytes at `offset` of the window, fewer where it or the file ends."""
        return read_at(self.fd, self.offset + offset, max(0, min(count, self.nbytes - offset)))

    def steps(self) -> Iterator[bytes]:
        """Yield all bytes in short runs; they end early when the file became shorter."""
        for offset in range(0, self.nbytes, STEP_BYTES):
            yield self.read(offset, STEP_BYTES)

    def as_file(self) -> io.RawIOBase:
        """Return a file for reading; nothing else may move the cursor of the descriptor.

        A window on a whole file needs no arithmetic, and libhdf5 makes thousands of small reads.
        """
        is_whole = self.offset == 0 and self.nbytes == os.fstat(self.fd).st_size
        return io.FileIO(self.fd, closefd=False) if is_whole else _WindowFile(self)


class _WindowFile(io.RawIOBase):
    """A window as a Python file."""

    def __init__(self, window: Window) -> None:
        self._window = window
        self._at = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the cursor and return where it is."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._window.nbytes}
        self._at = max(0, base[whence] + offset)
        return self._at

    def tell(self) -> int:
        """Return where the cursor is."""
        return self._at

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill a buffer as far as there are bytes, and return their number."""
        target = memoryview(buffer).cast("B")
        data = self._window.read(self._at, len(target))
        target[: len(data)] = data
        self._at += len(data)
        return len(data)


def _pread(fd: int, count: int, offset: int) -> bytes:
    if hasattr(os, "pread"):
        return os.pread(fd, count, offset)
    os.lseek(fd, offset, os.SEEK_SET)  # Windows
    return os.read(fd, count)
