"""The workers: processes that convert, as many as the machine bears, started when needed."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.watching.process import WorkerProcess

DEFAULT_JOB = "tfjs_serve.convert:stage"

_SHARD_NAME = re.compile(r"[0-9a-f]{32}\.bin")


def wall_clock_limit_s(nbytes: int) -> float:
    """Return how long the conversion of a file of `nbytes` may take."""
    return 10.0 + nbytes / 50e6


def default_count() -> int:
    """Return how many files are converted at once: training and pages need the rest."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


class Workers:
    """Converts files in other processes, the first to come first.

    count: how many at once. job: `module:function` to run there, called as `convert.stage`.
    limit_s: wall-clock limit of one conversion by the size of its file.
    """

    def __init__(
        self,
        count: int | None = None,
        *,
        job: str = DEFAULT_JOB,
        limit_s: Callable[[int], float] = wall_clock_limit_s,
    ) -> None:
        """Start nothing yet."""
        self._slots = asyncio.Semaphore(count or default_count())
        self._job = job
        self._limit_s = limit_s
        self._idle: list[WorkerProcess] = []
        self._all: set[WorkerProcess] = set()
        self._folder: str | None = None
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
        self, path: Path, served_folder: Path, name: str, options: Options
    ) -> tuple[Artifacts, int]:
        """Convert a file; return the artifacts and how many milliseconds it took.

        Raises ConversionError when it is refused, or crashes or stalls the converter, and
        SourceBusyError when it changed meanwhile.
        """
        request = _request(path, served_folder, name, options)
        async with self._slots:
            try:
                reply, blob = await self._ask(path, request)
            except EOFError:
                # Something else may have killed the process, or an earlier file harmed it: a file
                # is blamed when it happens again.
                reply, blob = await self._ask(path, request, is_last=True)
        return _artifacts(path, reply, blob)

    async def _ask(
        self, path: Path, request: dict[str, Any], *, is_last: bool = False
    ) -> tuple[dict[str, Any], bytes]:
        """Return a worker's answer; EOFError when it is lost, ConversionError when `is_last`."""
        worker = await self._take()
        limit_s = self._limit_s(_size(path))
        try:
            return await worker.ask(request, limit_s)
        except TimeoutError:
            raise _stalled(path, limit_s) from None
        except EOFError:
            await worker.last_words()
            if is_last or self._is_closed:
                raise self._crashed(path, worker) from None
            raise
        finally:
            await self._give_back(worker)

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
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    async def _warm(self) -> None:
        async with self._slots:
            with suppress(ConversionError, SourceBusyError):  # The first job tells of it.
                await self._give_back(await self._take())

    async def _take(self) -> WorkerProcess:
        while self._idle:
            worker = self._idle.pop()
            if worker.is_usable:
                return worker
            await self._drop(worker)
        if self._is_closed:
            raise SourceBusyError("the server is stopping")
        self._folder = self._folder or tempfile.mkdtemp(prefix="tfjs-serve-")
        worker = await WorkerProcess.start(self._job, self._folder)
        self._all.add(worker)
        try:
            await worker.wait_until_warm()
        except (TimeoutError, EOFError, ConversionError) as error:
            why = str(error) or "it ended or stalled before it was ready"
            self._all.discard(await worker.last_words())
            raise self._unless_closed(f"the converter does not start: {why}", worker) from None
        except asyncio.CancelledError:
            await self._drop(worker)
            raise
        return worker

    async def _give_back(self, worker: WorkerProcess) -> None:
        if worker.is_usable and not self._is_closed:
            self._idle.append(worker)
        else:
            await self._drop(worker)

    async def _drop(self, worker: WorkerProcess) -> None:
        await worker.end()
        self._all.discard(worker)

    def _crashed(self, path: Path, worker: WorkerProcess) -> Exception:
        return self._unless_closed(
            f"the converter crashed ({worker.ending}) while reading {path.name}; "
            "the file may be damaged: save the model again",
            worker,
        )

    def _unless_closed(self, message: str, worker: WorkerProcess) -> Exception:
        """Return the error of a lost worker; that we ended it is no fault of the file."""
        if self._is_closed:
            return SourceBusyError("the server is stopping")
        error = ConversionError(message)
        if worker.errors:
            error.add_note(worker.errors.decode("utf-8", "replace"))
        return error


def _request(path: Path, served_folder: Path, name: str, options: Options) -> dict[str, Any]:
    return {
        "path": str(path.absolute()),
        "served_folder": str(served_folder.absolute()),
        "name": name,
        "options": options.as_json(),
    }


def _artifacts(path: Path, reply: dict[str, Any], blob: bytes) -> tuple[Artifacts, int]:
    """Return what a worker answered, checked: a hostile file may have made it say anything."""
    if "refused" in reply:
        raise ConversionError(reply["refused"], [_reason(item) for item in reply["reasons"]])
    if "busy" in reply:
        raise SourceBusyError(reply["busy"])
    if "failed" in reply:
        error = ConversionError(f"the converter failed on {path.name} ({reply['failed']})")
        error.add_note(reply["trace"])
        raise error
    artifacts = Artifacts.from_json(reply["artifacts"], blob)
    is_named_so = all(_SHARD_NAME.fullmatch(shard.name) for shard in artifacts.shards)
    if not is_named_so or artifacts.digest != hashlib.sha256(blob).hexdigest()[:16]:
        raise ConversionError(f"the converter gave a wrong answer about {path.name}")
    return artifacts, reply["ms"]


def _reason(item: dict[str, Any]) -> Reason:
    return Reason(item["why"], item["layer"], item["class"], item["remedy"])


def _stalled(path: Path, limit_s: float) -> ConversionError:
    return ConversionError(
        f"the converter was stopped after {limit_s:.0f} s on {path.name}; "
        "the file may be damaged: save the model again"
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
