"""How a worker process is kept from harming others: what the system's kernel enforces.

Linux has all of it. Elsewhere a worker has no limits of its own and is ended by its parent after
the wall-clock limit (`process`).
"""

from __future__ import annotations

import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

from tfjs_serve.watching.limits import Limits

IS_FORKING = sys.platform == "linux"
"""Whether every job gets a process of its own, forked from a warm one.

macOS can fork, but its system libraries do not bear it; Windows cannot.
"""

LIMIT_SIGNALS = {"SIGALRM": "wall_s", "SIGXCPU": "cpu_s"}
"""Signals with which the kernel ends a process at a limit, and the limit (setrlimit(2))."""

_NICENESS = 5
_PR_SET_PDEATHSIG = 1
_MADV_POPULATE_WRITE = 23
_TOUCHED_BYTES = 64 << 20


def be_modest() -> None:
    """Leave the processor to the server and to training, and never write a core file."""
    if sys.platform != "win32":
        import resource

        with suppress(OSError, ValueError):
            os.nice(_NICENESS)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, even inside an endless loop in C."""
    if sys.platform != "linux":
        return  # The end of standard input ends an idle worker everywhere.
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It ended before it was asked about.
        os._exit(1)


def touch_memory() -> None:
    """Copy the pages that a forked process still shares, before a job waits for each of them.

    Saves 10 of the 13 ms by which a conversion of MobileNetV2 is slower in a forked process
    (madvise(2), MADV_POPULATE_WRITE: Linux 5.14; without it nothing happens).
    """
    if sys.platform != "linux":
        return
    import ctypes

    madvise = ctypes.CDLL(None).madvise
    madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with suppress(OSError, ValueError):
        for line in Path("/proc/self/maps").read_text("ascii", "replace").splitlines():
            place, rights, *_ = line.split(maxsplit=2)
            first, end = (int(address, 16) for address in place.split("-"))
            if rights == "rw-p" and end - first <= _TOUCHED_BYTES:
                madvise(first, end - first, _MADV_POPULATE_WRITE)


def confine(limits: Limits) -> None:
    """Set the limits of this process, for the rest of its life; on Linux only."""
    if sys.platform != "linux":
        return
    import resource

    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    space = pages * resource.getpagesize() + limits.memory_bytes
    # The kernel kills at the hard limit of processor time; at the soft one it says why.
    for kind, soft, hard in (
        (resource.RLIMIT_AS, space, space),
        (resource.RLIMIT_CPU, limits.cpu_s, limits.cpu_s + 1),
        (resource.RLIMIT_FSIZE, limits.file_bytes, limits.file_bytes),
        (resource.RLIMIT_NOFILE, limits.open_files, limits.open_files),
    ):
        with suppress(ValueError):  # The administrator's limit is lower already.
            resource.setrlimit(kind, (soft, hard))
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, limits.wall_s)
