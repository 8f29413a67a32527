"""What one conversion may use, by the size of its file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

_MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that a worker may use for one file; the kernel ends it at once when it wants more.

    wall_s: seconds on the clock; a slow disk or a network share may need them.
    cpu_s: seconds of processor time, of all threads; what a damaged file in an endless loop eats.
    memory_bytes: address space above what the idle worker has.
    file_bytes: length of one written file: a shard, or an archive's weights unpacked.
    open_files: descriptors.
    """

    wall_s: float
    cpu_s: int
    memory_bytes: int
    file_bytes: int
    open_files: int = 64

    @classmethod
    def for_file(cls, nbytes: int) -> Limits:
        """Return the limits of a file of `nbytes`.

        A fixed part for the code and the structure of a model, which no size tells; a part by the
        file for its weights: copied at 10 MB/s at least, computed as a few whole copies in
        memory, unpacked or written as at most so many times their packed size.
        """
        return cls(
            wall_s=120.0 + nbytes / 10e6,
            cpu_s=30 + nbytes // 50_000_000,
            memory_bytes=1024 * _MIB + 4 * nbytes,
            file_bytes=256 * _MIB + 16 * nbytes,
        )

    @classmethod
    def from_json(cls, members: Mapping[str, Any]) -> Limits:
        """Return what `as_json` described."""
        return cls(**members)

    def as_json(self) -> dict[str, float]:
        """Return the limits for the worker."""
        return asdict(self)

    def told(self, name: str) -> str:
        """Return a limit in words, by the name of its member."""
        value: float = getattr(self, name)
        return {
            "wall_s": f"{value:.0f} s",
            "cpu_s": f"{value:.0f} s of processor time",
            "memory_bytes": f"{value / _MIB:.0f} MiB of memory",
            "file_bytes": f"{value / _MIB:.0f} MiB in one written file",
            "open_files": f"{value:.0f} open files",
        }[name]
