"""Where events go, and the reporter for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
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
