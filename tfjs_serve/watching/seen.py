"""What tells one state of a source from another: the model file and what lies beside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tfjs_serve.keras_files.beside import identities_beside
from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.library import Stamp


@dataclass(frozen=True, slots=True)
class Seen:
    """One state of a source.

    beside: name and identity of its labels and other notes, in a fixed order.
    """

    model: Identity
    beside: tuple[tuple[str, Identity], ...] = ()

    @classmethod
    def of(cls, path: Path) -> Seen:
        """Return the state of the source at `path`; OSError when there is no model file."""
        return cls(Identity.of(path), identities_beside(path))

    @property
    def inode(self) -> tuple[int, int]:
        """Return what a model file keeps when it is renamed: device and inode."""
        return self.model.dev, self.model.ino

    @property
    def stamp(self) -> Stamp:
        """Return what of it survives a restart of the machine."""
        beside = tuple((name, *identity.stamp) for name, identity in self.beside)
        return Stamp(*self.model.stamp, beside)


def seen_at(path: Path) -> Seen | None:
    """Return the state of the source at `path`; None when there is no model file."""
    try:
        return Seen.of(path)
    except OSError:
        return None
