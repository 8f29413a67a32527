"""The shelf: which shards are needed, by counting the kept versions that name them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress

from tfjs_serve.library.entries import Version
from tfjs_serve.library.folder import ServedFolder, is_right

_SWEEP_EVERY_S = 600.0
_LONGEST_CONVERSION_S = 3600.0
"""After this time what a worker left half-written is no longer its own: it crashed."""

_BUDGET_S = 0.02
"""How long one call may delete files: it runs on the loop that answers requests."""


class Shelf:
    """The shards of a served folder; a shard no version names lives on for the grace period.

    A worker may just have written it for a version that is yet to be published.
    """

    def __init__(
        self,
        files: ServedFolder,
        grace_s: float,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
    ) -> None:
        """Watch over the shards of `files`."""
        self._files = files
        self._grace_s = grace_s
        self._clock = clock
        self._wall_clock = wall_clock
        self._started = wall_clock()
        self._uses: Counter[str] = Counter()
        self._unused: set[str] = set()
        self._unchecked: set[str] = set()
        self._sweep_at = clock()

    def __contains__(self, file_name: object) -> bool:
        return file_name in self._uses

    def hold(self, *versions: Version) -> None:
        """Count the shards of kept versions."""
        for version in versions:
            self._uses.update(_shard_names(version))

    def hold_unchecked(self, *versions: Version) -> None:
        """Count the shards of versions of an earlier run; what they hold is to be looked at."""
        self.hold(*versions)
        self._unchecked.update(*map(_shard_names, versions))

    def is_unchecked(self, file_name: str) -> bool:
        """Tell whether a shard is of an earlier run and was not compared with its name since."""
        return file_name in self._unchecked

    def note_checked(self, file_name: str, is_right: bool) -> None:
        """Trust a shard from now on, or delete it, so that its models count as damaged.

        A power failure, a bad disk or a person may have changed it since the run that wrote it.
        """
        self._unchecked.discard(file_name)
        if not is_right:
            self._files.remove(self._files.shard(file_name))

    def check(self, *versions: Version) -> None:
        """Look into those shards of some versions into which nobody looked yet; blocks."""
        for name in self._unchecked & {name for one in versions for name in _shard_names(one)}:
            with suppress(OSError):  # Missing, which is as good as deleted.
                self.note_checked(name, is_right(self._files.shard(name)))

    def release(self, version: Version) -> None:
        """Count the shards of a version no longer; those nothing else names may be deleted."""
        for name in _shard_names(version):
            self._uses[name] -= 1
            if self._uses[name] <= 0:
                del self._uses[name]
                self._unused.add(name)

    def expect_leftovers(self) -> None:
        """Look for shards without a version once they are old enough: a conversion failed."""
        self._sweep_at = min(self._sweep_at, self._clock() + self._grace_s)

    def collect(self) -> None:
        """Delete shards that no version names, unless they are younger than the grace period."""
        now = self._clock()
        if now >= self._sweep_at:
            self._sweep_at = now + _SWEEP_EVERY_S
            self._unused.update(name for name in self._files.shards() if name not in self._uses)
            before = max(self._started, self._wall_clock() - _LONGEST_CONVERSION_S)
            for path in self._files.temporary_shards(before):
                self._files.remove(path)
        for name in sorted(self._unused):
            if self._clock() - now > _BUDGET_S:
                break
            if name in self._uses:
                self._unused.discard(name)
                continue
            age_s = self._files.shard_age_s(name, self._wall_clock())
            if age_s is not None and age_s < self._grace_s:
                continue
            self._files.remove(self._files.shard(name))
            self._unused.discard(name)


def _shard_names(version: Version) -> set[str]:
    return {shard.name for shard in version.artifacts.shards}
