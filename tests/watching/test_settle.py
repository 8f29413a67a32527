"""When a file is complete: looks and times in, verdicts out."""

from __future__ import annotations

import pytest

from tfjs_serve.keras_files.readiness import Identity, Readiness
from tfjs_serve.watching.seen import Seen
from tfjs_serve.watching.settle import (
    MOST_READS,
    Attempt,
    GiveUp,
    Settling,
    Verdict,
    Wait,
    judge,
    judge_busy,
    retry_soon,
)

OLD = Seen(Identity(1, 2, 100, 5, 5))
NEW = Seen(Identity(1, 2, 200, 6, 6))

READY = Readiness.READY
UNLEASED = Readiness.READY_UNLEASED
FLAGGED = Readiness.FLAGGED
TRAILING = Readiness.TRAILING
BUSY = Readiness.BUSY
UNFINISHED = Readiness.UNFINISHED
UNKNOWN = Readiness.UNKNOWN


@pytest.mark.parametrize(
    ("looks", "verdicts"),
    [
        pytest.param(
            [(0.0, OLD, BUSY), (60.0, OLD, BUSY), (61.0, OLD, BUSY)],
            [Wait(0.001), Wait(60.002), Wait(61.004)],
            id="a-writer-holds-it-for-a-minute",
        ),
        pytest.param(
            [(0.0, OLD, UNFINISHED), (1.0, NEW, UNFINISHED), (2.9, NEW, UNFINISHED)],
            [Wait(0.001), Wait(1.001), Wait(2.902)],
            id="a-slow-upload",
        ),
        pytest.param(
            [(0.0, OLD, FLAGGED), (1.9, OLD, BUSY), (1.95, OLD, FLAGGED)],
            [Wait(0.001), Wait(1.902), Wait(1.954)],
            id="flushed-then-written-again",
        ),
        pytest.param([(0.0, OLD, READY)], [Attempt()], id="ready"),
        pytest.param(
            [(0.0, OLD, BUSY), (0.001, OLD, BUSY), (0.003, OLD, READY)],
            [Wait(0.001), Wait(0.003), Attempt()],
            id="the-writer-closes-it",
        ),
        pytest.param(
            [(0.0, OLD, UNLEASED), (0.199, OLD, UNLEASED), (0.2, OLD, UNLEASED)],
            [Wait(0.001), Wait(0.2), Attempt()],
            id="no-leases-here",
        ),
        pytest.param(
            [(0.0, OLD, UNLEASED), (0.1, NEW, UNLEASED), (0.2, NEW, UNLEASED)],
            [Wait(0.001), Wait(0.101), Wait(0.202)],
            id="no-leases-and-it-changes",
        ),
        pytest.param(
            [(0.0, OLD, UNKNOWN), (0.2, OLD, UNKNOWN)],
            [Wait(0.001), Attempt()],
            id="no-hdf5-is-for-the-converter-to-refuse",
        ),
        pytest.param(
            [(0.0, OLD, FLAGGED), (1.999, OLD, FLAGGED), (2.0, OLD, FLAGGED)],
            [Wait(0.001), Wait(2.0), GiveUp()],
            id="killed-after-a-flush",
        ),
        pytest.param(
            [(0.0, OLD, TRAILING), (2.0, OLD, TRAILING)],
            [Wait(0.001), Attempt()],
            id="shorter-than-what-it-overwrote",
        ),
        pytest.param(
            [(0.0, OLD, UNFINISHED), (2.0, OLD, UNFINISHED)],
            [Wait(0.001), GiveUp()],
            id="killed-half-way",
        ),
    ],
)
def test_verdicts(looks: list[tuple[float, Seen, Readiness]], verdicts: list[Verdict]) -> None:
    settling: Settling | None = None
    told: list[Verdict] = []
    for now, identity, readiness in looks:
        settling, verdict = judge(settling, identity, readiness, now)
        told.append(Wait(round(verdict.until, 6)) if isinstance(verdict, Wait) else verdict)
    assert told == verdicts


def test_retries_double_up_to_a_quarter_of_a_second() -> None:
    settling: Settling | None = None
    pauses = []
    for _ in range(12):
        settling, verdict = judge(settling, OLD, BUSY, 0.0)
        assert isinstance(verdict, Wait)
        pauses.append(verdict.until)
    expected = [0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128]
    assert pauses == expected + [0.25] * 4
    assert settling is not None
    _, verdict = judge(retry_soon(settling), OLD, BUSY, 7.0)
    assert verdict == Wait(7.001)


def test_a_file_that_is_always_busy_when_read_is_given_up() -> None:
    settling, _ = judge(None, OLD, READY, 0.0)
    for _ in range(MOST_READS):
        settling, verdict = judge_busy(settling, 0.0)
        assert isinstance(verdict, Wait)
    assert judge_busy(settling, 0.0)[1] == GiveUp()
    changed, _ = judge(settling, NEW, READY, 1.0)
    assert isinstance(judge_busy(changed, 1.0)[1], Wait)
