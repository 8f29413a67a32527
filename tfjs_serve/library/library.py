"""The library: which models are served, and every change of that.

It is used from one thread (the server's event loop). Its memory is what requests are answered
from; the served folder exists to survive a restart and to be a static site by itself.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace as changed
from pathlib import Path

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.events import Converting, Failed, ModelEvent, Removed
from tfjs_serve.library import announce, records
from tfjs_serve.library.entries import Entry, Stamp, State, Version
from tfjs_serve.library.folder import ServedFolder
from tfjs_serve.library.mending import Mending, is_whole
from tfjs_serve.library.nearest import nearest
from tfjs_serve.library.shelf import Shelf


class Library:
    """The models that are served, by name."""

    def __init__(
        self,
        folder: Path,
        *,
        keep: int = 3,
        grace_s: float = 60.0,
        clock: Callable[[], float] | None = None,
        wall_clock: Callable[[], float] | None = None,
        free_bytes: Callable[[], int] | None = None,
    ) -> None:
        """Serve from `folder`; keep `keep` versions and anything replaced under `grace_s` ago.

        The folder is made when it is missing; OSError when that is not allowed.
        """
        self._clock = clock or time.monotonic
        self._wall_clock = wall_clock or time.time
        self._keep = max(1, keep)
        self._grace_s = grace_s
        self._files = ServedFolder(folder)
        self._files.prepare()
        self.shelf = Shelf(self._files, grace_s, self._clock, self._wall_clock)
        self._mending = Mending(self._files, self._clock, free_bytes or self._files.free_bytes)
        self._entries: dict[str, Entry] = {}
        self._unclaimed: dict[str, Entry] = {}
        self._unconfirmed: set[str] = set()
        self._retired: dict[str, tuple[Version, ...]] = {}
        self._listeners: list[Callable[[ModelEvent], None]] = []
        self._revision = 0
        self._started = self._wall_clock()

    @property
    def folder(self) -> Path:
        """Return the served folder."""
        return self._files.path

    @property
    def revision(self) -> int:
        """Return a number that grows with every change, for pages that lost events."""
        return self._revision

    @property
    def unclaimed(self) -> Mapping[str, Entry]:
        """Return what `load` found and no other call has decided about yet."""
        return dict(self._unclaimed)

    def load(self) -> None:
        """Read what an earlier run published; entries whose files are damaged are dropped.

        Nothing of it is served before `reuse` is called, or `begin` for a file that changed.
        """
        for entry in records.read_all(self._files, self._clock()):
            self._unclaimed[entry.name] = entry
            self.shelf.hold_unchecked(*entry.versions)
        known = {
            str(self._files.pinned(entry.name, version.digest))
            for entry in self._unclaimed.values()
            for version in entry.versions
        }
        now = self._wall_clock()
        for stray in self._files.strays(known, before=now - self._grace_s, started=self._started):
            self._files.remove(stray)

    def subscribe(self, listener: Callable[[ModelEvent], None]) -> Callable[[], None]:
        """Call `listener` after every change; return the function that ends it."""
        self._listeners.append(listener)

        def unsubscribe() -> None:
            with suppress(ValueError):
                self._listeners.remove(listener)

        return unsubscribe

    # Changes, made by the watcher.

    def begin(self, name: str, source: str) -> None:
        """Note that the newest file of `name` is being converted."""
        entry = self._claim(name, source)
        if entry.state is State.CONVERTING and entry.source == source and name in self._entries:
            return
        with suppress(OSError):  # Someone may have deleted the served folder while we run.
            self._files.prepare(parents=False)
        self._entries[name] = changed(entry, source=source, state=State.CONVERTING, error=None)
        self._tell(Converting(name))

    def publish(
        self, name: str, source: str, artifacts: Artifacts, stamp: Stamp, options: Options, ms: int
    ) -> bool:
        """Serve a new version from now on; False when its digest is what is served already.

        That version stays, with the summary and report of this conversion: warnings may come and
        go without a byte of model.json.

        Raises OSError when the served folder cannot be written, and SourceBusyError when a shard
        is not there (any more): convert again. Both leave what is served as it is.
        """
        if not all(self._files.has_whole(shard) for shard in artifacts.shards):
            raise SourceBusyError(f"{source}: a shard of the new version is missing; trying again")
        entry = self._claim(name, source)
        ready = changed(
            entry, source=source, state=State.READY, error=None, stamp=stamp, options=options
        )
        if entry.current is not None and entry.current.digest == artifacts.digest:
            current = changed(entry.current, artifacts=artifacts)
            self._confirm(changed(ready, current=current), current, ms)
            return False
        version = Version(artifacts, self._wall_clock(), ms)
        older = (*self._replaced(entry.versions), *self._retired.get(name, ()))
        previous = tuple(old for old in older if old.digest != version.digest)
        published = changed(ready, current=version, previous=previous)
        self._write(published, version)
        self.shelf.hold(version)
        for old in older:
            if old.digest == version.digest:
                self.shelf.release(old)
        self._retired.pop(name, None)
        self._unconfirmed.discard(name)
        self._entries[name] = published
        self._mending.note(published)
        self._tell(announce.converted(name, version))
        return True

    def reuse(self, name: str, source: str) -> None:
        """Serve what `load` found for `name` without converting again; KeyError if nothing."""
        entry = changed(self._unclaimed.pop(name), source=source)
        self._entries[name] = entry
        if entry.current is not None:
            self._tell(announce.reused(name, entry.current))

    def fail(self, name: str, source: str, error: ConversionError) -> None:
        """Note that the newest file cannot be served; the last good version stays."""
        entry = self._claim(name, source)
        failed = changed(entry, source=source, state=State.FAILED, error=error)
        self._entries[name] = failed
        self._mending.note(failed)
        self.shelf.expect_leftovers()
        self._tell(Failed(name, error.message, error.reasons, entry.current is not None))

    def withdraw(self, name: str) -> None:
        """Stop serving `name`; its pinned versions and shards stay for the grace period."""
        entry = self._entries.pop(name, None) or self._unclaimed.pop(name, None)
        if entry is None:
            return
        self._unconfirmed.discard(name)
        now = self._clock()
        leaving = tuple(changed(version, replaced_at=now) for version in entry.versions)
        if retired := (*leaving, *self._retired.get(name, ())):
            self._retired[name] = retired
        self._files.remove(self._files.live(name))
        self._files.remove(records.path_of(self._files, name))
        self._tell(Removed(name))

    def collect(self) -> None:
        """Delete versions, shards and stale temporaries that nothing needs any more."""
        for name, entry in self._entries.items():
            kept = tuple(
                version
                for place, version in enumerate(entry.previous)
                if place < self._keep - 1 or self._is_recent(version)
            )
            if len(kept) < len(entry.previous):
                self._entries[name] = changed(entry, previous=kept)
                self._discard(name, entry.previous, kept)
                with suppress(OSError):  # A record of too many versions mends itself at load.
                    records.write(self._files, self._entries[name])
        for name, versions in list(self._retired.items()):
            kept = tuple(version for version in versions if self._is_recent(version))
            self._discard(name, versions, kept)
            if kept:
                self._retired[name] = kept
            else:
                del self._retired[name]
        self.shelf.collect()

    def to_mend(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return those of `entries` that are to be converted again; any thread may ask.

        Someone deleted a file of the static site, or there is room now on a disk that was full.
        """
        due = self._mending.due(entries)
        # A worker keeps a shard that is there with the right size, so none may be wrong inside.
        self.shelf.check(*(entry.current for entry in due if entry.current is not None))
        return due

    # Questions, asked by the server.

    def entries(self) -> Iterator[Entry]:
        """Yield every model in order of name."""
        for name in sorted(self._entries):
            yield self._entries[name]

    def entry(self, name: str) -> Entry | None:
        """Return the model called `name`."""
        return self._entries.get(name)

    def pinned(self, name: str, digest: str) -> Version | None:
        """Return a kept version, also of a model withdrawn less than the grace period ago."""
        entry = self._entries.get(name)
        kept = (*(entry.versions if entry else ()), *self._retired.get(name, ()))
        return next((version for version in kept if version.digest == digest), None)

    def shard(self, file_name: str) -> Path | None:
        """Return where a shard of a kept version lies; None for any other name."""
        return self._files.shard(file_name) if file_name in self.shelf else None

    def nearest(self, name: str) -> str | None:
        """Return the name of a served model that resembles `name`, for the text of a 404."""
        return nearest(name, [entry.name for entry in self.entries() if entry.current])

    # Private parts.

    def _claim(self, name: str, source: str) -> Entry:
        """Return the entry of `name`, what `load` found for it, or a new one.

        What `load` found is the last good version from now on: the file changed while no server
        ran, which is no reason to serve nothing until it is converted.
        """
        if name in self._unclaimed:
            self._entries[name] = self._unclaimed.pop(name)
            self._unconfirmed.add(name)
        return self._entries.get(name) or Entry(name, source, State.CONVERTING)

    def _confirm(self, entry: Entry, version: Version, ms: int) -> None:
        """Note that converting again gave the bytes that are served already."""
        if not is_whole(self._files, entry):
            self._write(entry, version)
        with suppress(OSError):  # The record only spares the next start this conversion.
            records.write(self._files, entry)
        self._entries[entry.name] = entry
        if entry.name in self._unconfirmed:
            self._unconfirmed.discard(entry.name)
            self._tell(announce.converted(entry.name, changed(version, ms=ms)))
        else:
            self._tell(announce.reused(entry.name, version))

    def _replaced(self, versions: tuple[Version, ...]) -> Iterator[Version]:
        now = self._clock()
        for version in versions:
            is_current = version.replaced_at is None
            yield changed(version, replaced_at=now) if is_current else version

    def _write(self, entry: Entry, version: Version) -> None:
        """Write a new version; the record comes before the live file, which `load` can mend."""
        pinned = self._files.pinned(entry.name, version.digest)
        try:
            self._files.put(pinned, version.artifacts.model_json)
            records.write(self._files, entry)
            self._files.put(self._files.live(entry.name), version.artifacts.model_json)
        except OSError:
            if self.pinned(entry.name, version.digest) is None:
                self._files.remove(pinned)
            raise

    def _is_recent(self, version: Version) -> bool:
        return version.replaced_at is None or self._clock() - version.replaced_at < self._grace_s

    def _discard(self, name: str, versions: Sequence[Version], kept: Sequence[Version]) -> None:
        for version in versions:
            if version not in kept:
                self.shelf.release(version)
                self._files.remove(self._files.pinned(name, version.digest))

    def _tell(self, event: ModelEvent) -> None:
        self._revision += 1
        for listener in tuple(self._listeners):
            listener(event)
