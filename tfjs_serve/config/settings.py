"""What the server is told, as frozen values."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any

from tfjs_serve.artifacts import GRU_UNROLL, Options


class Verbosity(Enum):
    """How much the terminal shows."""

    QUIET = "quiet"
    NORMAL = "normal"
    VERBOSE = "verbose"


class LogFormat(Enum):
    """How events are written: for people, or one JSON object a line."""

    TEXT = "text"
    JSON = "json"


@dataclass(frozen=True, slots=True)
class ModelOptions:
    """Conversion options (fields of `Options`) for the models whose name matches a glob."""

    match: str
    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything the server is told.

    host: None for both loopbacks (127.0.0.1 and ::1).
    out: the served folder; None for `.tfjs-serve` inside the models folder.
    cors: 'local', '*', or allowed origins.
    poll: None to decide by the file system.
    follow_links: True to serve files outside of the models folder that a link in it leads to.
    gru_unroll, allow_custom: as in `Options`, for models that have none of their own.
    models: the first whose glob matches decides; the user's own file stands before the one in
        the models folder.
    """

    models_dir: Path
    out: Path | None = None
    host: str | None = None
    port: int = 8000
    strict_port: bool = False
    cors: tuple[str, ...] = ("local",)
    allow_hosts: tuple[str, ...] = ()
    poll: bool | None = None
    follow_links: bool = False
    open: bool = False
    keep: int = 3
    force: bool = False
    drain_s: float = 0.8
    verbosity: Verbosity = Verbosity.NORMAL
    log_format: LogFormat = LogFormat.TEXT
    gru_unroll: int = GRU_UNROLL
    allow_custom: tuple[str, ...] = ()
    models: tuple[ModelOptions, ...] = ()

    def options_for(self, name: str) -> Options:
        """Return how the model called `name` is converted; `*` in a glob also matches `/`."""
        common: dict[str, Any] = {"gru_unroll": self.gru_unroll, "allow_custom": self.allow_custom}
        for entry in self.models:
            if fnmatch.fnmatchcase(name, entry.match):
                return Options(**{**common, **entry.options})
        return Options(**common)
