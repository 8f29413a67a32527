"""The follower: takes each file from a hint to a published version, one task per file."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tfjs_serve.artifacts import Options
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.wholeness import incomplete
from tfjs_serve.library import Library, State
from tfjs_serve.watching import settle
from tfjs_serve.watching.look import Look
from tfjs_serve.watching.seen import Seen, seen_at
from tfjs_serve.watching.unpublished import unavailable, unpublished
from tfjs_serve.watching.workers import Workers

_LOOKS_AT_ONCE = 8
"""More would only queue for threads, in one go that holds up the loop at thousands of files."""


@dataclass(slots=True, eq=False)
class _File:
    """A file that is followed.

    done: its state when it was last published or refused.
    """

    source: str
    name: str
    done: Seen | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    task: asyncio.Task[None] | None = None


class Follower:
    """The files that are followed, by path relative to the models folder."""

    def __init__(
        self,
        models_dir: Path,
        library: Library,
        workers: Workers,
        options_for: Callable[[str], Options],
        look_at: Callable[[Path], Look | None],
    ) -> None:
        """Follow nothing yet."""
        self._models_dir = models_dir
        self._library = library
        self._workers = workers
        self._options_for = options_for
        self._look_at = look_at
        self._files: dict[str, _File] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._looks = asyncio.Semaphore(_LOOKS_AT_ONCE)

    @property
    def busy(self) -> list[str]:
        """Return the files that are being waited for or converted."""
        return [source for source, file in self._files.items() if file.task is not None]

    def follow(self, source: str, name: str, settled: Seen | None = None) -> None:
        """Convert a file under a name from now on; `settled` is a state already published."""
        self.forget(source)
        self._files[source] = _File(source, name, settled)

    def forget(self, source: str) -> None:
        """Follow a file no longer; a conversion that runs ends in nothing."""
        file = self._files.pop(source, None)
        if file is not None:
            file.woken.set()

    def wake(self, source: str, seen: Seen) -> None:
        """Look at a file that is in this state now."""
        file = self._files[source]
        if file.task is not None:
            file.woken.set()
        elif seen != file.done:
            file.task = asyncio.create_task(self._attend(file))
            self._tasks.add(file.task)
            file.task.add_done_callback(self._tasks.discard)

    async def wait(self) -> None:
        """Wait until nothing is being converted."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def close(self) -> None:
        """Give up everything."""
        self._files.clear()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _attend(self, file: _File) -> None:
        """Bring one file to rest, or note that the system had no means for it at the time."""
        try:
            await self._bring_to_rest(file)
        except Exception as error:  # noqa: BLE001 The model would be in conversion for ever.
            self._fail(file, unavailable(file.source, error))
        finally:
            file.task = None

    async def _bring_to_rest(self, file: _File) -> None:
        """See one file published, refused, incomplete or gone."""
        settling: settle.Settling | None = None
        while self._is_followed(file):
            file.woken.clear()
            async with self._looks:
                look = await asyncio.to_thread(self._look_at, self._models_dir / file.source)
            if look is not None and look.seen != file.done:
                settling, wait = await self._step(file, settling, look)
                if wait is not None:
                    if await _is_woken(file.woken, wait.until):
                        settling = settle.retry_soon(settling)
                    continue
            if not file.woken.is_set():
                return

    async def _step(
        self, file: _File, before: settle.Settling | None, look: Look
    ) -> tuple[settle.Settling, settle.Wait | None]:
        """Do what a look calls for; return what to remember, and the wait if there is one."""
        settling, verdict = settle.judge(before, look.seen, look.readiness, time.monotonic())
        if isinstance(verdict, settle.Wait):
            return settling, verdict
        error = look.error
        try:
            if isinstance(verdict, settle.Attempt) and error is None:
                await self._convert(file, look.seen)
            else:
                self._fail(file, error or incomplete(file.source, look.readiness))
        except (SourceBusyError, BlockingIOError) as busy:  # a lease is being broken (fcntl(2))
            settling, again = settle.judge_busy(settling, time.monotonic())
            if isinstance(again, settle.Wait):
                return settling, again
            self._fail(file, ConversionError(str(busy)))
        file.done = look.seen
        return settling, None

    async def _convert(self, file: _File, seen: Seen) -> None:
        """Convert and publish a file that is in this state; SourceBusyError if it changes."""
        path = self._models_dir / file.source
        options = self._options_for(file.name)
        self._library.begin(file.name, file.source)
        error: ConversionError | None = None
        try:
            artifacts, ms = await self._workers.convert(
                path, self._library.folder, file.name, options, seen.model
            )
        except ConversionError as refused:
            error = refused
        if await asyncio.to_thread(seen_at, path) != seen or not self._is_followed(file):
            raise SourceBusyError(f"{file.source} changes again and again while it is read")
        if error is not None:
            self._fail(file, error)
            return
        try:
            self._library.publish(file.name, file.source, artifacts, seen.stamp, options, ms)
        except OSError as refused:
            self._fail(file, unpublished(file.source, refused))

    def _fail(self, file: _File, error: ConversionError) -> None:
        """Tell of a failure, unless it is what was told last."""
        if not self._is_followed(file):
            return
        entry = self._library.entry(file.name)
        is_failed = entry is not None and entry.state is State.FAILED
        if entry is None or not is_failed or str(entry.error) != str(error):
            self._library.fail(file.name, file.source, error)

    def _is_followed(self, file: _File) -> bool:
        return self._files.get(file.source) is file


async def _is_woken(woken: asyncio.Event, until: float) -> bool:
    """Wait until a time, or until something happens, and tell whether it did."""
    with suppress(TimeoutError):
        await asyncio.wait_for(woken.wait(), until - time.monotonic())
    return woken.is_set()
