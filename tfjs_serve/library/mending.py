"""Mending: which models are to be converted again though their sources did not change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tfjs_serve.errors import NoRoomError, UnavailableError
from tfjs_serve.library.entries import Entry, State
from tfjs_serve.library.folder import ServedFolder

_LOOKED_AT = 400
"""How many models are looked for on the disk at once."""

_FIRST_PAUSE_S = 1.0
_LAST_PAUSE_S = 60.0
_MORE_BYTES = 64 * 1024
"""By how much the room on a disk must have grown since a model found too little of it."""


def is_whole(files: ServedFolder, entry: Entry) -> bool:
    """Tell whether the files of the current version, if there is one, are there."""
    if (version := entry.current) is None:
        return True
    return files.has_pages(entry.name, version.digest) and all(
        map(files.has_whole, version.artifacts.shards)
    )


@dataclass(frozen=True, slots=True)
class _Full:
    """A model that lacked room, or a process: when, how often in turn, and what is to be free."""

    at: float
    times: int
    wanted_bytes: int


class Mending:
    """The models that lack a file of the static site, and those that lacked room."""

    def __init__(
        self, files: ServedFolder, clock: Callable[[], float], free_bytes: Callable[[], int]
    ) -> None:
        """Look into `files`, on a disk that has so much room."""
        self._files = files
        self._clock = clock
        self._free_bytes = free_bytes
        self._next = 0
        self._full: dict[str, _Full] = {}

    def note(self, entry: Entry) -> None:
        """Note how a conversion ended."""
        if not isinstance(entry.error, UnavailableError):
            self._full.pop(entry.name, None)
            return
        before = self._full.get(entry.name)
        times = 1 if before is None else before.times + 1
        needs_room = isinstance(entry.error, NoRoomError)
        wanted = self._free_bytes() + _MORE_BYTES if needs_room else 0
        self._full[entry.name] = _Full(self._clock(), times, wanted)

    def due(self, entries: Iterable[Entry]) -> list[Entry]:
        """Return those of `entries` that are worth another conversion.

        Of very many only some are looked at, at the next call the next ones: no disk is to be
        busy with an idle server.
        """
        every = list(entries)
        start = self._next if self._next < len(every) else 0
        looked_at = every[start : start + _LOOKED_AT]
        self._next = start + len(looked_at)
        damaged = (
            entry
            for entry in looked_at
            if entry.state is State.READY and not is_whole(self._files, entry)
        )
        return [*damaged, *self._with_room(every)]

    def _with_room(self, entries: Iterable[Entry]) -> Iterator[Entry]:
        if not self._full:
            return
        free_bytes = self._free_bytes()
        for entry in entries:
            full = self._full.get(entry.name)
            if full is None or entry.state is not State.FAILED:
                continue
            pause_s = min(_FIRST_PAUSE_S * 2.0 ** min(full.times, 16), _LAST_PAUSE_S)
            has_waited = self._clock() - full.at >= pause_s
            if has_waited and free_bytes >= full.wanted_bytes:
                yield entry
