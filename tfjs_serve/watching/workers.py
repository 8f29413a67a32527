"""The workers: processes that convert, as many as the machine bears, started when needed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.keras_files.readiness import Identity, open_source
from tfjs_serve.keras_files.refusals import display_name, refusal
from tfjs_serve.watching.confinement import IS_FORKING, LIMIT_SIGNALS
from tfjs_serve.watching.limits import Limits
from tfjs_serve.watching.process import HANDS_OVER, WorkerProcess
from tfjs_serve.watching.unpublished import no_room
from tfjs_serve.watching.workplace import Workplace

DEFAULT_JOB = "tfjs_serve.convert:stage"

_SHARD_NAME = re.compile(r"[0-9a-f]{32}\.bin")
_REMEDY = "the file may be damaged: save the model again"
_GRACE_S = 5.0 if IS_FORKING else 0.0
"""How much later than the kernel's clock ours ends a worker."""


def default_count() -> int:
    """Return how many files are converted at once: training and pages need the rest."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


class Workers:
    """Converts files in other processes, the first to come first.

    count: how many at once. job: `module:function` to run there, called as `convert.stage`.
    limits_for: what one conversion may use, by the size of its file.
    """

    def __init__(
        self,
        count: int | None = None,
        *,
        job: str = DEFAULT_JOB,
        limits_for: Callable[[int], Limits] = Limits.for_file,
    ) -> None:
        """Start nothing yet."""
        self._slots = asyncio.Semaphore(count or default_count())
        self._job = job
        self._limits_for = limits_for
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._workplace: Workplace | None = None
        self._warming: asyncio.Task[None] | None = None
        self._is_closed = False

    @property
    def pids(self) -> list[int]:
        """Return the processes that run now."""
        return [worker.pid for worker in self._all]

    def warm(self) -> None:
        """Start one worker in the background, so that the first conversion need not wait."""
        if self._warming is None and not self._all and not self._is_closed:
            self._warming = asyncio.create_task(self._warm())

    async def convert(
        self,
        path: Path,
        served_folder: Path,
        name: str,
        options: Options,
        identity: Identity | None = None,
    ) -> tuple[Artifacts, int]:
        """Convert a file; return the artifacts and how many milliseconds it took.

        The file is opened here, and that very file is converted, whatever its path leads to
        meanwhile. identity: the state that is meant.

        Raises ConversionError when it is refused, or crashes or stalls the converter, and
        SourceBusyError when it is not in the state that is meant, or changed meanwhile.
        """
        async with self._slots:
            source = await asyncio.to_thread(open_source, path)
            try:
                found = Identity.of(source)
                if identity is not None and found != identity:
                    raise SourceBusyError(f"{display_name(path)} changed before it was read")
                limits = self._limits_for(found.size)
                request = _request(path, served_folder, name, options, limits)
                try:
                    reply, blob = await self._ask(request, source, limits)
                except _LostError:
                    # Something else may have killed it: a file is blamed when it happens again.
                    reply, blob = await self._ask(request, source, limits)
            except _LostError as lost:
                raise _crashed(path, lost) from None
            finally:
                os.close(source)
        return _artifacts(path, limits, reply, blob)

    async def _ask(
        self, request: dict[str, Any], source: int, limits: Limits
    ) -> tuple[dict[str, Any], bytes]:
        """Return a worker's answer; _LostError when its process ended otherwise."""
        worker = await self._take()
        try:
            handed = source if HANDS_OVER else None
            reply, blob = await worker.ask(request, handed, limits.wall_s + _GRACE_S)
            status: int | None = reply.get("lost")
        except TimeoutError:
            reply, blob, status = {"limit": "wall_s"}, b"", None
        except EOFError:
            await worker.last_words()
            reply, blob, status = {}, b"", worker.exit_status
        finally:
            await self._give_back(worker)
        if status is None:
            return reply, blob
        if self._is_closed:
            raise _stopping()
        if (limit := LIMIT_SIGNALS.get(_signal_name(status))) is not None:
            return {"limit": limit}, b""
        raise _LostError(_ending(status), worker.errors)

    async def close(self) -> None:
        """End all workers at once, whatever they are doing."""
        self._is_closed = True
        if self._warming is not None:
            self._warming.cancel()
            await asyncio.wait([self._warming])
        self._idle.clear()
        for worker in tuple(self._all):
            await worker.end()
        self._all.clear()
        if self._workplace is not None:
            self._workplace.remove()
            self._workplace = None

    async def _warm(self) -> None:
        async with self._slots:
            with suppress(ConversionError, SourceBusyError, OSError):  # The first job tells of it.
                await self._give_back(await self._take())

    async def _take(self) -> WorkerProcess:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            await self._drop(worker)
        if self._is_closed:
            raise _stopping()
        worker = await WorkerProcess.start(self._job, str(self._place()))
        self._all.add(worker)
        try:
            await worker.wait_until_warm()
        except (TimeoutError, EOFError, ConversionError) as error:
            why = str(error) or "it ended or stalled before it was ready"
            self._all.discard(await worker.last_words())
            if self._is_closed:
                raise _stopping() from None
            raise _noted(f"the converter does not start: {why}", worker.errors) from None
        except asyncio.CancelledError:
            await self._drop(worker)
            raise
        return worker

    def _place(self) -> Path:
        """Return the folder of the processes, made again when somebody tidied it away."""
        if self._workplace is not None and not self._workplace.path.exists():
            self._workplace.remove()
            self._workplace = None
        if self._workplace is None:
            self._workplace = Workplace.make()
        return self._workplace.path

    async def _give_back(self, worker: WorkerProcess) -> None:
        if worker.is_usable and not self._is_closed:
            self._idle.append(worker)
        else:
            await self._drop(worker)

    async def _drop(self, worker: WorkerProcess) -> None:
        await worker.end()
        self._all.discard(worker)


class _LostError(Exception):
    """A worker ended without an answer; `args` are how, and what it printed last."""


def _request(
    path: Path, served_folder: Path, name: str, options: Options, limits: Limits
) -> dict[str, Any]:
    return {
        "path": str(path.absolute()),
        "served_folder": str(served_folder.absolute()),
        "name": name,
        "options": options.as_json(),
        "limits": limits.as_json(),
    }


def _artifacts(
    path: Path, limits: Limits, reply: dict[str, Any], blob: bytes
) -> tuple[Artifacts, int]:
    """Return what a worker answered, checked: a hostile file may have made it say anything."""
    if "limit" in reply:
        limit = limits.told(reply["limit"])
        raise refusal(display_name(path), f"took the converter to its limit of {limit}", _REMEDY)
    if "refused" in reply:
        raise ConversionError(reply["refused"], [_reason(item) for item in reply["reasons"]])
    if "busy" in reply:
        raise SourceBusyError(reply["busy"])
    if "full" in reply:
        raise no_room(display_name(path), reply["full"])
    if "failed" in reply:
        message = f"the converter failed on {display_name(path)} ({reply['failed']})"
        raise _noted(message, reply["trace"].encode())
    artifacts = Artifacts.from_json(reply["artifacts"], blob)
    is_named_so = all(_SHARD_NAME.fullmatch(shard.name) for shard in artifacts.shards)
    if not is_named_so or artifacts.digest != hashlib.sha256(blob).hexdigest()[:16]:
        raise ConversionError(f"the converter gave a wrong answer about {display_name(path)}")
    return artifacts, reply["ms"]


def _reason(item: dict[str, Any]) -> Reason:
    return Reason(item["why"], item["layer"], item["class"], item["remedy"])


def _crashed(path: Path, lost: _LostError) -> ConversionError:
    ending, printed = lost.args
    where = display_name(path)
    message = f"the converter crashed ({ending}) while reading {where}; {_REMEDY}"
    return _noted(message, printed)


def _noted(message: str, printed: bytes) -> ConversionError:
    """Return an error with what a worker printed, for `--verbose`."""
    error = ConversionError(message)
    if printed:
        error.add_note(printed.decode("utf-8", "replace"))
    return error


def _stopping() -> SourceBusyError:
    """Return the error of a worker that we ended, which is no fault of the file."""
    return SourceBusyError("the server is stopping")


def _ending(status: int) -> str:
    return f"signal {-status}, {_signal_name(status)}" if status < 0 else f"exit status {status}"


def _signal_name(status: int) -> str:
    """Return the name of the signal that ended a process; "" when none did."""
    try:
        return signal.Signals(-status).name if status < 0 else ""
    except ValueError:
        return "unknown"
