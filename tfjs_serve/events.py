"""What happens while the server runs, as values the terminal, the log and pages all show."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tfjs_serve.errors import Reason
from tfjs_serve.report import Note, Report


@dataclass(frozen=True, slots=True)
class Ready:
    """The sockets listen and the first scan is done; conversions may still run."""

    url: str
    port: int
    models: int


@dataclass(frozen=True, slots=True)
class Converting:
    """A new or changed file is being converted."""

    name: str


@dataclass(frozen=True, slots=True)
class Reused:
    """The version published by an earlier run still matches its source."""

    name: str
    url: str
    digest: str
    bytes: int
    warnings: tuple[Note, ...] = ()
    needs_companion: bool = False
    custom_classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Converted:
    """A new version is served."""

    name: str
    url: str
    digest: str
    bytes: int
    ms: int
    warnings: tuple[Note, ...] = ()
    needs_companion: bool = False
    custom_classes: tuple[str, ...] = ()
    report: Report = field(default_factory=Report)


@dataclass(frozen=True, slots=True)
class Failed:
    """The newest file cannot be served; `served` tells whether an older version still is."""

    name: str
    error: str
    reasons: tuple[Reason, ...]
    served: bool


@dataclass(frozen=True, slots=True)
class Removed:
    """A model's source is gone and the model is no longer served."""

    name: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """A page of another origin was refused; `hint` names the flag that would allow it."""

    origin: str
    hint: str


@dataclass(frozen=True, slots=True)
class Warned:
    """Something a person should know that concerns no single model."""

    text: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The server has ended in good order."""


ModelEvent: TypeAlias = Converting | Reused | Converted | Failed | Removed
Event: TypeAlias = ModelEvent | Ready | Blocked | Warned | Stopped


def as_json(event: Event) -> dict[str, Any]:
    """Return the line `--log-format json` prints for an event; reports are in the HTTP API."""
    line: dict[str, Any] = {"event": type(event).__name__.lower()}
    for key in event.__slots__:
        value = getattr(event, key)
        if not isinstance(value, Report):
            line[key] = [_item(item) for item in value] if isinstance(value, tuple) else value
    return line


def _item(item: Any) -> Any:
    return item if isinstance(item, str) else item.as_json()
