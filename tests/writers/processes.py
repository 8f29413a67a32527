"""The two processes of a stress: the one that saves, and the server with what it says."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from pathlib import Path

from tests.command import ROOT, EventLine, Served, environment
from tests.writers.versions import Plan


class Writer:
    """The process that saves."""

    def __init__(self, plan: Plan, pause_s: float) -> None:
        """Start it."""
        self._fixed = {"layers": plan.layers, "units": plan.units, "pause_s": pause_s}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.writers.writer"],
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def save(self, style: str, path: Path, version: int) -> tuple[int, float]:
        """Save; return the status of the writing process and when it was done."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        request = {"style": style, "path": str(path), "version": version, **self._fixed}
        print(json.dumps(request), file=self.process.stdin, flush=True)
        reply = json.loads(self.process.stdout.readline())
        return reply["status"], reply["closed"]

    def close(self) -> None:
        """End it: its standard input is closed."""
        with self.process:
            pass


class Failures(threading.Thread):
    """Collects what the server says, and wakes who waits for it."""

    def __init__(self, server: Served) -> None:
        """Prepare; `start` begins."""
        super().__init__(daemon=True)
        self.lines: list[EventLine] = []
        self._server = server
        self._told = threading.Condition()

    def run(self) -> None:
        """Read until the server ends."""
        assert self._server.process.stdout is not None
        for line in self._server.process.stdout:
            with self._told:
                self.lines.append(json.loads(line))
                self._told.notify_all()

    def of(self, name: str) -> list[EventLine]:
        """Return the failures of a model so far."""
        return [
            line for line in self.lines if (line["event"], line.get("name")) == ("failed", name)
        ]

    def wait_for(self, name: str, count: int, limit_s: float) -> bool:
        """Wait until a model has failed so often."""
        with self._told:
            return self._told.wait_for(lambda: len(self.of(name)) >= count, limit_s)
