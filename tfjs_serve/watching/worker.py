"""The worker process: converts one file after another, told by its parent over two pipes.

Only here is a model file opened as HDF5, so that a hostile or damaged one takes down nothing but
this process. Where the system bears it (`confinement.IS_FORKING`) every job has a process of its
own, forked from this one, which has imported everything and never seen a model: nothing that a
file does to its process reaches the next job, and limits count from zero. The next process waits
for its job already. Elsewhere this process does all jobs itself.

A message is a line of JSON; its member `blob` tells how many bytes follow the line. The
descriptor of the source comes through a socket of its own.

    parent → worker   {"path", "served_folder", "name", "options", "limits", "has_source"}
    worker → parent   {"warm": true} once, or {"broken": why}; then for every job one of
                      {"artifacts", "ms", "blob"} with model.json, {"refused", "reasons"},
                      {"busy": why}, {"limit": name}, {"failed": what, "trace": for developers};
                      {"lost": exit status} when the process of a job was, as its last message
"""

from __future__ import annotations

import errno
import gc
import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.watching.confinement import (
    IS_FORKING,
    be_modest,
    confine,
    end_with,
    touch_memory,
)
from tfjs_serve.watching.limits import Limits
from tfjs_serve.watching.unpublished import FULL

Job: TypeAlias = Callable[[Path, Path, str, Options, int | None], Artifacts]

ENVIRONMENT = {
    # HDF5's locks make a training process that saves at the same time fail and lose its file.
    "HDF5_USE_FILE_LOCKING": "FALSE",
    # Filters are not looked up as shared libraries a model file names.
    "HDF5_PLUGIN_PRELOAD": "::",
    # Pools of threads that multiply matrices would be memory for nothing.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
"""What must be set before h5py and NumPy are imported."""

_HASTE_S = 0.25
"""Within which the next job of many comes: then the time would be lost."""

_REASONS = 1000
"""More would keep the server from its clients while it reads them, and nobody else does."""

_ANSWERED, _NO_MORE = 100, 101
"""Exit statuses of the process of a job; whatever else it ends with, it was lost."""

_LIMIT_ERRORS = {
    errno.EFBIG: "file_bytes",
    errno.EMFILE: "open_files",
    errno.ENOMEM: "memory_bytes",
}


def main(job_name: str, handover: int | None = None) -> None:
    """Answer jobs from standard input, with the function `module:function`, until it ends.

    handover: descriptor of the socket through which the sources come.
    """
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us.
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)  # A broken read lease; kills by default.
    be_modest()
    end_with(parent)
    os.environ.update(ENVIRONMENT)
    sources = None if handover is None else socket.socket(fileno=handover)
    with os.fdopen(os.dup(0), "rb") as jobs, os.fdopen(os.dup(1), "wb") as replies:
        _hide_pipes()
        try:
            module, _, function = job_name.partition(":")
            job: Job = getattr(import_module(module), function)
        except (ImportError, AttributeError, OSError) as error:
            _send(replies, {"broken": f"{type(error).__name__}: {error}"})
            return
        _send(replies, {"warm": True})
        gc.collect()
        gc.freeze()  # A collection in a forked process would copy every page it looks at.
        while _take_job(job, jobs, replies, sources):
            pass


def _take_job(job: Job, jobs: BinaryIO, replies: BinaryIO, sources: socket.socket | None) -> bool:
    """Answer one job; tell whether another may come."""
    if not IS_FORKING:
        return _answer_next(job, jobs, replies, sources)
    parent = os.getpid()
    child = os.fork()
    if not child:
        status = 1
        try:
            end_with(parent)
            if not select.select([jobs], [], [], _HASTE_S)[0]:
                touch_memory()
            status = _ANSWERED if _answer_next(job, jobs, replies, sources) else _NO_MORE
        finally:
            os._exit(status)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code not in (_ANSWERED, _NO_MORE):
        _send(replies, {"lost": code})
    return code == _ANSWERED


def _answer_next(
    job: Job, jobs: BinaryIO, replies: BinaryIO, sources: socket.socket | None
) -> bool:
    line = jobs.readline()
    if not line:
        return False
    request = json.loads(line)
    source = None
    if request["has_source"] and sources is not None:
        _, (source, *_), _, _ = socket.recv_fds(sources, 1, 1)
    try:
        answer = _answer(job, request, source)
    finally:
        if source is not None:
            os.close(source)
    _send(replies, *answer)
    return True


def _answer(job: Job, request: dict[str, Any], source: int | None) -> tuple[dict[str, Any], bytes]:
    started = time.perf_counter()
    try:
        if IS_FORKING:
            confine(Limits.from_json(request["limits"]))
        artifacts = job(
            Path(request["path"]),
            Path(request["served_folder"]),
            request["name"],
            Options.from_json(request["options"]),
            source,
        )
    except SourceBusyError as error:
        return {"busy": str(error)}, b""
    except Exception as error:  # noqa: BLE001
        # A refusal, a limit, a full disk or a fault of ours: each fails this model only.
        return _failure(error), b""
    ms = round((time.perf_counter() - started) * 1000)
    return {"artifacts": artifacts.as_json(), "ms": ms}, artifacts.model_json


def _failure(error: Exception) -> dict[str, Any]:
    if (limit := _limit(error) or _limit(error.__cause__)) is not None:
        return {"limit": limit}
    if isinstance(error, ConversionError):
        told, rest = error.reasons[:_REASONS], error.reasons[_REASONS:]
        if rest:
            told = (*told, Reason(f"there are {len(rest)} more reasons like these"))
        return {"refused": error.message, "reasons": [reason.as_json() for reason in told]}
    if isinstance(error, OSError) and error.errno in FULL:
        return {"full": _told(error)}
    # With a trace for who mends it.
    return {"failed": _told(error), "trace": traceback.format_exc()}


def _limit(error: BaseException | None) -> str | None:
    """Return the limit that an error tells of; None for all others."""
    if isinstance(error, MemoryError):
        return "memory_bytes"
    return _LIMIT_ERRORS.get(error.errno or 0) if isinstance(error, OSError) else None


def _told(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _send(replies: BinaryIO, message: dict[str, Any], blob: bytes = b"") -> None:
    replies.write(json.dumps(message | {"blob": len(blob)}).encode() + b"\n" + blob)
    replies.flush()


def _hide_pipes() -> None:
    """Keep the pipes for messages: what a library reads is empty, what it prints is an error."""
    with open(os.devnull, "rb") as nothing:  # noqa: PTH123
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
