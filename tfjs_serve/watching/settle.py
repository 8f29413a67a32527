"""When a file is complete: what to do about one look at it, given the looks before.

Pure: the time comes in as `now`, in seconds of any clock that only grows.
Source of the numbers: saves of Keras 2 and 3 and of common tools, measured under stress. The
kernel tells of a close before it drops the write count, hence the first retry after 1 ms.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeAlias

from tfjs_serve.keras_files.readiness import Readiness
from tfjs_serve.watching.seen import Seen

FIRST_RETRY_S = 0.001
LAST_RETRY_S = 0.25
UNLEASED_QUIET_S = 0.2
"""How long a complete file must stay the same where the system cannot tell of writers."""

ABANDONED_QUIET_S = 2.0
"""How long a file must stay the same until its writer counts as gone."""

MOST_READS = 40
"""How often a file that looks ready and stays the same may be busy when it is read."""

_QUIET_S = {
    Readiness.READY: 0.0,
    Readiness.READY_UNLEASED: UNLEASED_QUIET_S,
    Readiness.UNKNOWN: UNLEASED_QUIET_S,
    Readiness.FLAGGED: ABANDONED_QUIET_S,
    Readiness.TRAILING: ABANDONED_QUIET_S,
    Readiness.UNFINISHED: ABANDONED_QUIET_S,
}

_GIVEN_UP = frozenset({Readiness.FLAGGED, Readiness.UNFINISHED})
"""What is never read. A flagged file may be as long as it says and hold weights of two versions:
its writer was killed between a flush, or the opening of a file that was there, and the close."""


@dataclass(frozen=True, slots=True)
class Settling:
    """What is remembered of a file between looks.

    since: when it was first seen so. looks: how often since, or since something happened.
    reads: how often it was ready, but changed or had a writer while it was read.
    """

    seen: Seen
    since: float
    looks: int = 0
    reads: int = 0


@dataclass(frozen=True, slots=True)
class Attempt:
    """Convert it now."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Look again at a time, or earlier when something happens."""

    until: float


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Say what is wrong with it, and wait for a change."""


Verdict: TypeAlias = Attempt | Wait | GiveUp


def judge(
    before: Settling | None, seen: Seen, readiness: Readiness, now: float
) -> tuple[Settling, Verdict]:
    """Decide about a file that looks as told; return what to remember with the decision."""
    if before is None or before.seen != seen:
        before = Settling(seen, now)
    after = replace(before, looks=before.looks + 1)
    if readiness is Readiness.BUSY:
        return after, Wait(now + _retry_s(before.looks))
    quiet_at = before.since + _QUIET_S[readiness]
    if now < quiet_at:
        return after, Wait(min(quiet_at, now + _retry_s(before.looks)))
    return after, GiveUp() if readiness in _GIVEN_UP else Attempt()


def judge_busy(before: Settling, now: float) -> tuple[Settling, Wait | GiveUp]:
    """Decide about a file that was ready, but changed or had a writer while it was read."""
    after = replace(before, looks=before.looks + 1, reads=before.reads + 1)
    return after, GiveUp() if after.reads > MOST_READS else Wait(now + _retry_s(before.looks))


def retry_soon(before: Settling) -> Settling:
    """Start again with short waits: something happened to the file."""
    return replace(before, looks=0)


def _retry_s(looks: int) -> float:
    return min(FIRST_RETRY_S * 2.0 ** min(looks, 16), LAST_RETRY_S)
