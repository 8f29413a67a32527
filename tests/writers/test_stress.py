"""Real writers beside a real server: no save fails, nothing mixed is served, nothing missed.

The same code at full size: scripts/stress-saves.
"""

from __future__ import annotations

import sys

import pytest

from tests.writers.stress import Step, run
from tests.writers.styles import KILLED, STYLES
from tests.writers.versions import Plan

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no lease tells of writers"),
    pytest.mark.timeout(300),
]

SMALL = Plan(layers=4, units=16)


@pytest.mark.parametrize("suffix", STYLES)
def test_every_style_in_haste_and_at_leisure(suffix: str) -> None:
    whole = [style for style in STYLES[suffix] if style not in KILLED]
    hasty = [Step(suffix, style, is_awaited=False) for style in STYLES[suffix]]
    calm = [Step(suffix, style, is_awaited=True) for style in whole]
    outcome = run([*hasty, *calm], SMALL, pause_s=0.02)
    assert outcome.broken_promises == []
    assert len(outcome.latencies_ms) == len(whole)
    assert outcome.loads > 0


@pytest.mark.parametrize("suffix", STYLES)
def test_a_killed_writer_is_told_once_and_its_file_heals(suffix: str) -> None:
    whole = Step(suffix, "copied", is_awaited=True)
    kills = [Step(suffix, style, is_awaited=True) for style in STYLES[suffix] if style in KILLED]
    todo = [whole, *(step for kill in kills for step in (kill, whole))]
    outcome = run(todo, SMALL, pause_s=0.0)
    assert outcome.broken_promises == []
    assert (outcome.reported, outcome.conversions) == (len(kills), len(kills) + 1)


def test_a_writer_that_takes_locks_never_fails() -> None:
    """Keras opens with O_TRUNC before it locks: a reader's lock would cost it the file."""
    outcome = run(
        [Step(".h5", "direct", number % 10 == 0) for number in range(150)], SMALL, pause_s=0
    )
    assert outcome.broken_promises == []
    assert outcome.saves["direct"] == 150
