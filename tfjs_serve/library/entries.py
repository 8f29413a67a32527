"""What the library knows of a model, as values."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from tfjs_serve.artifacts import Artifacts, Options
from tfjs_serve.errors import ConversionError


class State(Enum):
    """How the newest file of a model fares."""

    CONVERTING = "converting"
    READY = "ready"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Stamp:
    """What tells one state of a source from another without reading it.

    beside: name, size, mtime_ns and inode of each file beside the model, in a fixed order.
    """

    size: int
    mtime_ns: int
    inode: int
    beside: tuple[tuple[str | int, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Version:
    """One published version.

    converted_at: seconds since the epoch; ms: how long the conversion took.
    replaced_at: when a newer version took its place (library clock, seconds), None while current.
    """

    artifacts: Artifacts
    converted_at: float
    ms: int
    replaced_at: float | None = None

    @property
    def digest(self) -> str:
        """Return the digest that names this version in its pinned URL."""
        return self.artifacts.digest


@dataclass(frozen=True, slots=True)
class Entry:
    """A model: `state` is about the newest file, `current` about what is served.

    source: path relative to the models folder, with forward slashes.
    previous: replaced versions that are still kept, newest first.
    stamp, options: of the source that `current` was made from.
    """

    name: str
    source: str
    state: State
    current: Version | None = None
    previous: tuple[Version, ...] = ()
    error: ConversionError | None = None
    stamp: Stamp | None = None
    options: Options | None = None

    @property
    def versions(self) -> tuple[Version, ...]:
        """Return every kept version, newest first."""
        return self.previous if self.current is None else (self.current, *self.previous)
