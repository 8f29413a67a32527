"""What can go wrong, in sentences that are shown unchanged wherever a person looks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.visible import cut

_WHY_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a refusal: where it is, what was found, and what to do about it.

    `layer` and `class_name` are None when the cause is the file rather than a layer. `why` may
    quote what a file holds, so it is cut where it is no sentence for a person any more.
    """

    why: str
    layer: str | None = None
    class_name: str | None = None
    remedy: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "why", cut(self.why, _WHY_CHARACTERS))

    def __str__(self) -> str:
        where = f"layer {self.layer!r} ({self.class_name}): " if self.layer is not None else ""
        return f"{where}{self.why}" + (f"; {self.remedy}" if self.remedy else "")

    def as_json(self) -> dict[str, str | None]:
        """Return the member of `error.reasons` of the HTTP API."""
        return {
            "layer": self.layer,
            "class": self.class_name,
            "why": self.why,
            "remedy": self.remedy,
        }


class TfjsServeError(Exception):
    """Base of every error this project raises on purpose; `str()` is one clear sentence."""


class UsageError(TfjsServeError):
    """The command, a flag or a setting is wrong: exit status 2."""


class ConversionError(TfjsServeError):
    """A model cannot be converted exactly; `reasons` lists every cause at once."""

    def __init__(self, message: str, reasons: Sequence[Reason] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.reasons = tuple(reasons)


class SourceBusyError(TfjsServeError):
    """A source file is still being written, or changed while it was read: try again."""
