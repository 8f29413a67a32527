"""What can go wrong, in sentences that are shown unchanged wherever a person looks.

A sentence may quote what a stranger wrote into a file or its name. So it is made visible here,
once, for the terminal, the list of models, the API and the page alike: one line, without
characters that hide, move or erase others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tfjs_serve.visible import cut, visible

_WHY_CHARACTERS = 500


@dataclass(frozen=True, slots=True)
class Reason:
    """One cause of a refusal: where it is, what was found, and what to do about it.

    `layer` and `class_name` are None when the cause is the file rather than a layer. `why` is cut
    where it is no sentence for a person any more; `layer` and `class_name` are data, as they are.
    """

    why: str
    layer: str | None = None
    class_name: str | None = None
    remedy: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "why", visible(cut(self.why, _WHY_CHARACTERS)))
        if self.remedy is not None:
            object.__setattr__(self, "remedy", visible(self.remedy))

    def __str__(self) -> str:
        where = f"layer {self.layer!r} ({self.class_name}): " if self.layer is not None else ""
        return f"{visible(where)}{self.why}" + (f"; {self.remedy}" if self.remedy else "")

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
        self.message = visible(message)
        super().__init__(self.message)
        self.reasons = tuple(reasons)


class UnavailableError(ConversionError):
    """A model cannot be converted now, through no fault of its own: worth another try soon."""


class NoRoomError(UnavailableError):
    """A model cannot be published since a disk is full: worth another try when there is room."""


class SourceBusyError(TfjsServeError):
    """A source file is still being written, or changed while it was read: try again."""
