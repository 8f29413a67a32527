"""Where events go, and the reporter for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import SimpleQueue
from threading import Thread
from typing import Protocol, TextIO

from tfjs_serve.events import Event, as_json
from tfjs_serve.terminal.output import write


@dataclass(frozen=True, slots=True)
class Banner:
    """What is served where, for the head of the text output.

    models_dir, served: the folders, as a person would write them.
    network: URLs under which other machines reach the server; empty when it is loopback only.
    """

    version: str
    models_dir: str
    served: str
    network: tuple[str, ...] = ()
    cors: tuple[str, ...] = ("local",)


class Reporter(Protocol):
    """Where events go."""

    def open(self, banner: Banner) -> None:
        """Note what is about to be served; comes before the first event."""

    def report(self, event: Event) -> None:
        """Show one event."""


class JsonReporter:
    """One JSON object a line on standard output, for programs."""

    def __init__(self, stdout: TextIO) -> None:
        """Write to `stdout`."""
        self._stdout = stdout

    def open(self, banner: Banner) -> None:
        """Show nothing: the first line is an event."""

    def report(self, event: Event) -> None:
        """Show one event."""
        write(self._stdout, json.dumps(as_json(event)) + "\n")


class QueuedReporter:
    """Hands events to another reporter in a thread, so that reporting never waits.

    A pipe that nobody reads and a terminal that is held block whoever writes to them.
    """

    def __init__(self, reporter: Reporter) -> None:
        """Hand events to `reporter` from now on, until `close`."""
        self._reporter = reporter
        self._queue: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        # A daemon: one that is held for ever must not keep the process.
        self._thread = Thread(target=self._work, daemon=True)
        self._thread.start()

    def open(self, banner: Banner) -> None:
        """Note what is about to be served."""
        self._queue.put(partial(self._reporter.open, banner))

    def report(self, event: Event) -> None:
        """Show one event, in its turn."""
        self._queue.put(partial(self._reporter.report, event))

    def close(self, limit_s: float) -> bool:
        """Wait until all is shown, `limit_s` seconds at most, and tell whether it is."""
        self._queue.put(None)
        self._thread.join(limit_s)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (show := self._queue.get()) is not None:
            show()
