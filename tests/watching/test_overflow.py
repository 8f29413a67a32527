"""More events than the kernel keeps: whatever they would have told of is found all the same."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

import pytest

from tests.command import serving
from tests.fixtures.cases import CASES

LIMIT = Path("/proc/sys/fs/inotify/max_queued_events")
MODEL = next(case.path for case in CASES if case.id == "keras3/dense")


@pytest.mark.skipif(sys.platform != "linux", reason="only inotify has such a limit")
def test_models_saved_while_events_are_lost_are_served(tmp_path: Path) -> None:
    limit = int(LIMIT.read_text())
    if limit > 100_000:
        pytest.skip(f"this machine keeps {limit} events")
    models = tmp_path / "models"
    (models / "a").mkdir(parents=True)
    shutil.copy(MODEL, models / "a" / "first.h5")
    with serving([str(models)]) as server:
        assert server.until("converted")["name"] == "a/first"
        server.process.send_signal(signal.SIGSTOP)  # It reads no events from now on.
        for number in range(limit + 100):  # In turn: equal events in a row count as one.
            (models / "a" / f"noise{number % 2}.h5.part").write_text("")
        (models / "b" / "deep").mkdir(parents=True)
        for name in ("a/late.h5", "b/deep/late.h5"):
            shutil.copy(MODEL, models / name)
        server.process.send_signal(signal.SIGCONT)
        found = {server.until("converted")["name"] for _ in range(2)}
        assert found == {"a/late", "b/deep/late"}
        shutil.copy(MODEL, models / "b" / "deep" / "next.h5")
        assert server.until("converted")["name"] == "b/deep/next"
        status, _, errors = server.end()
        assert (status, errors) == (0, "")
