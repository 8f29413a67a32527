"""No kill of a server costs a model that was good: `scripts/publishing kills` in short."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import ROOT, environment
from tests.publishing.kills import kills


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks for every kill")
def test_a_kill_before_any_step_of_any_change(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.publishing.steps", str(tmp_path)],
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    steps, wrong = json.loads(done.stdout)
    assert wrong == []
    assert {change for change, events in steps.items() if "os.rename" in events} == {
        "publish_newer",
        "publish_again",
        "publish_first",
        "delete_replaced",
    }
    assert {change for change, events in steps.items() if "os.remove" in events} == {
        "delete_replaced",
        "withdraw",
    }


def test_a_server_killed_at_random_times(tmp_path: Path) -> None:
    tally = kills(tmp_path, times=4, seed=7)
    assert tally.wrong == []
    assert tally.kills == 4
    assert tally.kept + tally.newer == 2 * 4 * 4
