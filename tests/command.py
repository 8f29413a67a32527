"""The real command in a process, for tests of the command line and of what it serves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

ROOT = Path(__file__).parent.parent
MODULE = (sys.executable, "-m", "tfjs_serve")

EventLine: TypeAlias = dict[str, Any]


def environment(**variables: str) -> dict[str, str]:
    """Return the environment without settings of the person who runs the tests."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("TFJS_SERVE_") and key not in ("NO_COLOR", "FORCE_COLOR")
    }
    return kept | {"PYTHONPATH": str(ROOT), **variables}


def outcome(arguments: Sequence[str], cwd: Path = ROOT, **variables: str) -> tuple[int, str, str]:
    """Return status, standard output and standard error of a command that ends by itself."""
    done = subprocess.run(
        [*MODULE, *arguments],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


@dataclass(slots=True)
class Served:
    """A server that runs, told of by its events."""

    process: subprocess.Popen[str]
    ready: EventLine
    early: list[EventLine]

    @property
    def url(self) -> str:
        """The server's own URL."""
        return str(self.ready["url"])

    def event(self) -> EventLine:
        """Wait for the next event."""
        assert self.process.stdout is not None
        line: EventLine = json.loads(self.process.stdout.readline())
        return line

    def until(self, *kinds: str) -> EventLine:
        """Wait for the next event of some kinds."""
        while (event := self.event())["event"] not in kinds:
            pass
        return event

    def end(self, number: int = signal.SIGINT) -> tuple[int, list[EventLine], str]:
        """Send a signal; return the status, the rest of the events and standard error."""
        self.process.send_signal(number)
        # Not communicate(): lines that came together with the last event are buffered here.
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        rest = [json.loads(line) for line in self.process.stdout]
        return self.process.wait(), rest, self.process.stderr.read()


@contextmanager
def serving(
    arguments: Sequence[str],
    cwd: Path = ROOT,
    program: Sequence[str] = MODULE,
    **variables: str,
) -> Iterator[Served]:
    """Run a server, on a free port unless `arguments` name one, until the block ends."""
    port = () if "--port" in arguments else ("--port", "0")
    process = subprocess.Popen(
        [*program, "--log-format", "json", *port, *arguments],
        cwd=cwd,
        env=environment(**variables),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            served = Served(process, {}, [])
            while not served.ready:
                event = served.event()
                if event["event"] == "ready":
                    served.ready = event
                else:
                    served.early.append(event)
            yield served
        finally:
            process.kill()
