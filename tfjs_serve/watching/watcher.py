"""The watcher: keeps the library equal to the models folder."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tfjs_serve.artifacts import Options
from tfjs_serve.events import Event, Warned
from tfjs_serve.library import Library
from tfjs_serve.watching.follower import Follower
from tfjs_serve.watching.look import look_at
from tfjs_serve.watching.naming import Place, assign
from tfjs_serve.watching.root import Root
from tfjs_serve.watching.seen import Seen
from tfjs_serve.watching.snapshot import Scope, Snapshot, differences, is_watched
from tfjs_serve.watching.supervision import keep_on
from tfjs_serve.watching.workers import Workers

if TYPE_CHECKING:
    from tfjs_serve.watching.sources import Events

SCAN_EVERY_S = 2.0
POLL_EVERY_S = 0.5
_SCAN_SHARE = 75.0
"""A scan is followed by a pause this many times as long: at most 1.4 % of a processor core."""

WITHDRAW_AFTER_S = 2.0
_COLLECT_EVERY_S = 10.0
_WARM_AFTER_S = 0.3


class Watcher:
    """Follows a folder of models; used from the event loop that started it."""

    def __init__(
        self,
        models_dir: Path,
        library: Library,
        workers: Workers,
        *,
        options_for: Callable[[str], Options],
        report: Callable[[Event], None],
        poll: bool | None = None,
        force: bool = False,
        follow_links: bool = False,
    ) -> None:
        """Prepare to keep `library` equal to `models_dir`.

        options_for: how the model of a name is converted.
        report: is told what concerns no single model; models are told of by the library.
        poll: True to go without events of the file system, None to decide by its kind.
        force: True to convert every model again.
        follow_links: True to convert what links to files outside of `models_dir` lead to.
        """
        self._scope = Scope(models_dir.absolute(), library.folder.absolute())
        self._library = library
        self._workers = workers
        self._options_for = options_for
        self._report = report
        self._poll = poll
        self._root = Root(self._scope.models_dir)
        self._wants_events = poll is not True
        self._collected = time.monotonic()
        self._force = force
        look = partial(look_at, within=None if follow_links else self._scope.models_dir)
        self._follower = Follower(self._scope.models_dir, library, workers, options_for, look)
        self._known: dict[str, Seen] = {}
        self._places: dict[str, Place] = {}
        self._leaving: dict[str, asyncio.TimerHandle] = {}
        self._events: Events | None = None
        self._hints: set[str] = set()
        self._hinted = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._tasks: list[asyncio.Task[None]] = []
        self._warming: asyncio.TimerHandle | None = None
        self._is_missing = False

    @property
    def pending(self) -> int:
        """Return how many files are being waited for, or converted, or wait for their turn."""
        return len(self._follower.busy)

    async def start(self) -> int:
        """Scan, re-use what `library.load` found, begin to convert; return the number of models.

        Files change unseen until this returns, and are found right after.
        """
        self._known = dict(await self._scan() or {})
        self._place()
        for name in set(self._library.unclaimed) - self._names():
            self._library.withdraw(name)
        self._tasks = [
            asyncio.create_task(keep_on(self._follow_hints, self._say_broken)),
            asyncio.create_task(keep_on(self._reconcile, self._say_broken)),
        ]
        self._warming = asyncio.get_running_loop().call_later(_WARM_AFTER_S, self._workers.warm)
        return len(self._places)

    async def idle(self) -> None:
        """Wait until all work that is known of is done."""
        while True:
            await self._drained.wait()
            await self._follower.wait()
            if self._drained.is_set() and not self._follower.busy:
                return

    async def close(self) -> None:
        """Stop following; conversions that run are given up. The workers are left alone."""
        if self._warming is not None:
            self._warming.cancel()
        for timer in self._leaving.values():
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)
        await self._follower.close()
        if self._events is not None:
            events, self._events = self._events, None
            await asyncio.to_thread(events.close)

    # Hints: paths at which something happened.

    def _hint(self, *paths: str) -> None:
        self._hints.update(paths)
        self._hinted.set()
        self._drained.clear()

    async def _follow_hints(self) -> None:
        await self._hinted.wait()
        self._hinted.clear()
        hints, self._hints = self._hints, set()
        try:
            if any("/" not in hint and not is_watched(hint) for hint in hints):
                await self._sync_events()  # A new folder: watch it before listing it.
            updates = await asyncio.to_thread(self._scope.look, dict(self._known), hints)
            if await asyncio.to_thread(self._root.absence) is None:
                self._apply(updates)
        finally:
            if not self._hints:
                self._drained.set()

    def _apply(self, updates: dict[str, Seen | None]) -> None:
        before = self._known.keys() & updates.keys()
        for path, seen in updates.items():
            if seen is None:
                self._known.pop(path, None)
            else:
                self._known[path] = seen
        after = self._known.keys() & updates.keys()
        if before != after:
            self._place()
        for path in after:
            if self._places[path].error is None:
                self._follower.wake(path, self._known[path])

    # Places: which file is served under which name.

    def _place(self) -> None:
        """Name all files, begin with those that are new under their name, let go of the rest."""
        before, self._places = self._places, assign(self._known)
        for source, place in self._places.items():
            old = before.get(source)
            if place.error is not None:
                if old is None or old.error is None or str(old.error) != str(place.error):
                    self._follower.forget(source)
                    self._library.fail(place.name, source, place.error)
            elif old is None or old.error is not None or old.name != place.name:
                self._begin(source, place.name)
        for source in before.keys() - self._places.keys():
            self._follower.forget(source)
        names = self._names()
        for name in names & self._leaving.keys():
            self._leaving.pop(name).cancel()
        for name in {place.name for place in before.values()} - names - self._leaving.keys():
            self._leave_later(name)

    def _begin(self, source: str, name: str) -> None:
        seen = self._known[source]
        stored = self._library.unclaimed.get(name)
        is_same = (
            stored is not None
            and not self._force
            and stored.source == source
            and stored.stamp == seen.stamp
            and stored.options == self._options_for(name)
        )
        if is_same:
            self._library.reuse(name, source)
            self._follower.follow(source, name, settled=seen)
        else:
            self._library.begin(name, source)
            self._follower.follow(source, name)
            self._follower.wake(source, seen)

    def _names(self) -> set[str]:
        return {place.name for place in self._places.values()}

    def _leave_later(self, name: str) -> None:
        loop = asyncio.get_running_loop()
        self._leaving[name] = loop.call_later(WITHDRAW_AFTER_S, self._leave, name)

    def _leave(self, name: str) -> None:
        """Withdraw a model, unless the whole models folder is gone and may be mounted again."""
        if self._root.absence() is not None:
            self._leave_later(name)
        else:
            del self._leaving[name]
            self._library.withdraw(name)

    # Reconciliation: what no event told of.

    async def _reconcile(self) -> None:
        if self._wants_events:
            self._wants_events = False
            await self._start_events()
        started = time.monotonic()
        if await self._compare():  # Else what was published into the folder is gone with it.
            await self._restore()
            if started - self._collected >= _COLLECT_EVERY_S:
                self._collected = started
                self._library.collect()
        pause_s = POLL_EVERY_S if self._events is None else SCAN_EVERY_S
        await asyncio.sleep(max(pause_s, _SCAN_SHARE * (time.monotonic() - started)))
        await self._sync_events()

    async def _compare(self) -> bool:
        """Find what no event told of; tell whether the models folder is there."""
        known, was_missing = dict(self._known), self._is_missing
        found = await self._scan()
        if found is None:
            return False
        changed = differences(known, found)
        if was_missing:  # Conversions that it took away had to be left.
            changed |= found.keys()
        if changed:
            self._hint(*changed)
        return True

    async def _scan(self) -> Snapshot | None:
        """Return all model files; None, and a warning once, when the models folder is away."""
        try:
            found = await asyncio.to_thread(self._scope.scan)
            absence = await asyncio.to_thread(self._root.absence)
        except OSError as error:
            absence = error.strerror
        if absence is None:
            self._is_missing = False
            return found
        if not self._is_missing:
            self._is_missing = True
            where = self._scope.models_dir
            self._report(Warned(f"{where} cannot be read ({absence}); waiting for it"))
        return None

    async def _restore(self) -> None:
        """Convert again what someone deleted from the served folder, or what found no room."""
        entries = list(self._library.entries())
        due = await asyncio.to_thread(self._library.to_mend, entries)
        if due and await asyncio.to_thread(self._root.absence) is not None:
            return
        for entry in due:
            place = self._places.get(entry.source)
            is_unchanged = self._library.entry(entry.name) is entry
            if is_unchanged and place is not None and place.name == entry.name:
                self._library.begin(entry.name, entry.source)
                self._follower.follow(entry.source, entry.name)
                self._follower.wake(entry.source, self._known[entry.source])

    def _say_broken(self, error: str) -> None:
        self._report(Warned(f"internal error while following the models folder: {error}; going on"))

    async def _start_events(self) -> None:
        from tfjs_serve.watching.sources import Events, is_remote

        if self._poll is None and await asyncio.to_thread(is_remote, self._scope.models_dir):
            return
        loop = asyncio.get_running_loop()

        def hint(path: str) -> None:
            with suppress(RuntimeError):  # The loop has ended; a last event came late.
                loop.call_soon_threadsafe(self._hint, path)

        self._events = Events(self._scope, hint)
        await self._sync_events()

    async def _sync_events(self) -> None:
        events = self._events
        if events is None:
            return
        try:
            await asyncio.to_thread(events.sync)
        except OSError as error:
            self._events = None
            await asyncio.to_thread(events.close)
            what = f"file system events cannot be had ({error.strerror})"
            self._report(Warned(f"{what}; looking every {POLL_EVERY_S} s instead"))
