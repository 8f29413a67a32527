"""The worker process: converts one file after another, told by its parent over two pipes.

Only here is a model file opened as HDF5, so that a hostile or damaged one takes down nothing but
this process. A message is a line of JSON; its member `blob` tells how many bytes follow the line.

    parent → worker   {"path", "served_folder", "name", "options"}
    worker → parent   {"warm": true} once, or {"broken": why}; then for every job one of
                      {"artifacts", "ms", "blob"} with model.json, {"refused", "reasons"},
                      {"busy": why}, {"failed": what, "trace": for developers}
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError, SourceBusyError

Job: TypeAlias = Callable[[Path, Path, str, Options], Artifacts]

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

_NICENESS = 5
_PR_SET_PDEATHSIG = 1


def main(job_name: str) -> None:
    """Answer jobs from standard input, with the function `module:function`, until it ends."""
    parent = os.getppid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the parent, which ends us.
    if hasattr(signal, "SIGIO"):
        signal.signal(signal.SIGIO, signal.SIG_IGN)  # A broken read lease; kills by default.
    _be_modest()
    _end_with(parent)
    os.environ.update(ENVIRONMENT)
    with os.fdopen(os.dup(0), "rb") as jobs, os.fdopen(os.dup(1), "wb") as replies:
        _hide_pipes()
        try:
            module, _, function = job_name.partition(":")
            job: Job = getattr(import_module(module), function)
        except (ImportError, AttributeError, OSError) as error:
            _send(replies, {"broken": f"{type(error).__name__}: {error}"})
            return
        _send(replies, {"warm": True})
        while line := jobs.readline():
            _send(replies, *_answer(job, json.loads(line)))


def _answer(job: Job, request: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    started = time.perf_counter()
    try:
        artifacts = job(
            Path(request["path"]),
            Path(request["served_folder"]),
            request["name"],
            Options.from_json(request["options"]),
        )
    except ConversionError as error:
        return {"refused": error.message, "reasons": [r.as_json() for r in error.reasons]}, b""
    except SourceBusyError as error:
        return {"busy": str(error)}, b""
    except Exception as error:  # noqa: BLE001
        # A fault of ours or a full disk: it fails this model, with a trace for who mends it.
        return {"failed": _told(error), "trace": traceback.format_exc()}, b""
    ms = round((time.perf_counter() - started) * 1000)
    return {"artifacts": artifacts.as_json(), "ms": ms}, artifacts.model_json


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


def _be_modest() -> None:
    """Leave the processor to the server and to training, and never write a core file."""
    if sys.platform != "win32":
        import resource

        with suppress(OSError, ValueError):
            os.nice(_NICENESS)
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _end_with(parent: int) -> None:
    """Have the kernel end this process with its parent, even inside an endless loop in C."""
    if sys.platform != "linux":
        return  # The end of standard input ends an idle worker everywhere.
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # It ended before it was asked about.
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "tfjs_serve.convert:stage")
