"""Whether a file is complete and nobody is writing it, told without opening it as HDF5.

The server's process uses this module, so it imports neither h5py nor NumPy. libhdf5 must never
see a file that may be half-written: it can loop for ever on one.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from tfjs_serve.keras_files.reading import read_at
from tfjs_serve.keras_files.refusals import display_name, refusal
from tfjs_serve.keras_files.zip_end import ZIP_SIGNATURE, find_end, is_zip

if sys.platform == "linux":
    import fcntl

SIGNATURE = b"\x89HDF\r\n\x1a\n"
_SUPERBLOCK_BYTES = 128
OPEN_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_NOCTTY", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class Writers(Enum):
    """Whether somebody has a file open, or mapped, for writing."""

    NONE = "none"
    SOME = "some"
    UNKNOWN = "unknown"


class Readiness(Enum):
    """What may be done with a file that looks as it does now.

    READY: complete, and nobody has it open for writing: read it at once.
    READY_UNLEASED: complete, but this system cannot tell whether somebody is writing:
        read it once its identity has stayed the same for a few hundred milliseconds.
    FLAGGED: its writer never closed it, so it may hold anything: wait for a change.
    TRAILING: bytes follow the end HDF5 knows of (an upload over a longer file, padding):
        read it after a quiet period.
    BUSY: somebody has it open for writing: look again soon.
    UNFINISHED: empty, or shorter than it says: wait for a change.
    UNKNOWN: neither HDF5 nor a zip file; `strangers.stranger` says what it is.
    """

    READY = "ready"
    READY_UNLEASED = "ready, no lease"
    FLAGGED = "flagged"
    TRAILING = "trailing"
    BUSY = "busy"
    UNFINISHED = "unfinished"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Identity:
    """What tells two states of a file apart: any write, rename or replacement changes it.

    `ctime_ns` is there because rsync and `cp -p` set the modification time back.
    """

    dev: int
    ino: int
    size: int
    mtime_ns: int
    ctime_ns: int

    @classmethod
    def of(cls, file: int | str | os.PathLike[str]) -> Identity:
        """Return the identity of a descriptor or path; OSError when there is no such file."""
        # A scan asks this of every file: a path as a value would double what it costs.
        return cls._of(os.stat(file))  # noqa: PTH116

    @classmethod
    def of_link(cls, path: Path) -> Identity:
        """Return the identity of what is at a path, be it a link; OSError when nothing is."""
        return cls._of(path.lstat())

    @classmethod
    def _of(cls, found: os.stat_result) -> Identity:
        return cls(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)

    @property
    def stamp(self) -> tuple[int, int, int]:
        """Return (size, mtime_ns, inode), which survives a restart of the machine."""
        return (self.size, self.mtime_ns, self.ino)


@dataclass(frozen=True, slots=True)
class Superblock:
    """The first lines of an HDF5 file: version, write flag, absolute address of its end."""

    version: int
    is_flagged: bool
    end: int


def open_source(path: str | os.PathLike[str]) -> int:
    """Open a regular file for reading and return its descriptor, which the caller closes.

    Never blocks and never follows a name into a pipe, a terminal or a device.

    Raises ConversionError when the path names no readable regular file.
    """
    where = display_name(path)
    try:
        # Looked at before it is opened: merely opening some devices has effects.
        _refuse_special(where, Path(path).stat().st_mode)
        fd = os.open(path, OPEN_FLAGS)
    except OSError as error:
        why = f"cannot be opened ({error.strerror or error})"
        raise refusal(where, why, "check that the file exists and may be read") from error
    try:
        _refuse_special(where, os.fstat(fd).st_mode)
    except BaseException:
        os.close(fd)
        raise
    return fd


def probe(fd: int) -> Readiness:
    """Tell what may be done with an open file now; costs a lease and a read of some bytes.

    fd: a descriptor opened for reading only, as `open_source` returns it.
    """
    writers = writers_of(fd)
    if writers is Writers.SOME:
        return Readiness.BUSY
    size = os.fstat(fd).st_size
    if size < len(SIGNATURE):
        head = read_at(fd, 0, size)
        is_start = SIGNATURE.startswith(head) or head.startswith(ZIP_SIGNATURE[:size])
        return Readiness.UNFINISHED if is_start else Readiness.UNKNOWN
    complete = Readiness.READY if writers is Writers.NONE else Readiness.READY_UNLEASED
    if is_zip(fd):
        return Readiness.UNFINISHED if find_end(fd) is None else complete
    offset = find_signature(fd)
    if offset is None:
        return Readiness.UNKNOWN
    superblock = read_superblock(fd, offset)
    if superblock is None or superblock.end > size:
        return Readiness.UNFINISHED
    if superblock.is_flagged:
        return Readiness.FLAGGED
    if superblock.end < size:
        return Readiness.TRAILING
    return complete


if sys.platform == "linux":

    def writers_of(fd: int) -> Writers:
        """Ask the kernel, by a read lease held for a moment, whether a file has writers.

        The kernel grants a read lease only when nobody, ourselves included, has the file open
        or mapped for writing (fcntl(2), F_SETLEASE). A writer that opens it in that moment waits
        for some microseconds, and this process is sent a signal.

        SIGIO, the usual one, kills a process that does not handle it; so SIGURG is asked for,
        which is ignored unless handled. Entry points call `ignore_lease_signals` all the same.
        """
        try:
            fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
            fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        except OSError as error:
            # EACCES: not our file and no CAP_LEASE. EINVAL, ENOSYS, ...: no leases here.
            return Writers.SOME if error.errno == errno.EAGAIN else Writers.UNKNOWN
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        return Writers.NONE

else:

    def writers_of(fd: int) -> Writers:
        """Return UNKNOWN: only Linux has leases."""
        return Writers.UNKNOWN


def ignore_lease_signals() -> None:
    """Ignore SIGIO, whose default action ends the process; call it in the main thread."""
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)


def find_signature(fd: int) -> int | None:
    """Return where the superblock starts: at 0, 512, 1024, 2048, ...; None when nowhere.

    Source: HDF5 File Format Specification 3.0, II.A (a user block may come first).
    """
    size = os.fstat(fd).st_size
    offset = 0
    while offset + len(SIGNATURE) <= size:
        if read_at(fd, offset, len(SIGNATURE)) == SIGNATURE:
            return offset
        offset = offset * 2 or 512
    return None


def read_superblock(fd: int, offset: int) -> Superblock | None:
    """Read the superblock at `offset`; None when it is cut off or makes no sense.

    Source: HDF5 File Format Specification 3.0, II.A; the write flag is the "file consistency
    flags" of H5Fsuper_cache.c, which libhdf5 sets while a file is open for writing.
    """
    block = read_at(fd, offset, _SUPERBLOCK_BYTES)
    if len(block) < 48:
        return None
    version = block[8]
    if version > 3:
        # Newer than this project: complete as far as can be told, libhdf5 decides.
        return Superblock(version, False, os.fstat(fd).st_size)
    if version < 2:
        width, flags = block[13], block[20]
        first = 24 if version == 0 else 28
    else:
        width, flags, first = block[9], block[11], 12
    if width not in (2, 4, 8) or len(block) < first + 3 * width:
        return None
    base = int.from_bytes(block[first : first + width], "little")
    end = int.from_bytes(block[first + 2 * width : first + 3 * width], "little")
    # Addresses move with the superblock when a user block was put before a finished file.
    return Superblock(version, bool(flags & 1), end + offset - base)


def _refuse_special(where: str, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = "a folder" if stat.S_ISDIR(mode) else "a pipe, socket or device"
        raise refusal(where, f"is {kind}, not a file", "name a model file such as model.h5")
