"""Why a model that was converted cannot be published: the served folder refuses it."""

from __future__ import annotations

import errno

from tfjs_serve.errors import ConversionError, NoRoomError, UnavailableError
from tfjs_serve.keras_files.refusals import refusal

FULL = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""What the system says when a disk, or the part of it that is a user's, is full."""


def unpublished(source: str, error: OSError) -> ConversionError:
    """Return the refusal of a model whose version could not be written."""
    told = error.strerror or str(error)
    if error.errno in FULL:
        return no_room(source, told)
    remedy = "see that it can be written, then save again"
    if error.errno == errno.ENAMETOOLONG:  # A version's name is 17 characters longer.
        remedy = "give the file a shorter name"
    return refusal(source, _refused(told), remedy)


def no_room(source: str, told: str) -> NoRoomError:
    """Return the refusal of a model for which a disk is too full, as the system told it."""
    error = refusal(source, _refused(told), "make room there, and it is converted again")
    return NoRoomError(error.message, error.reasons)


def unavailable(source: str, error: Exception) -> UnavailableError:
    """Return the refusal of a model for which the system had no process, pipe or folder."""
    told = error.strerror if isinstance(error, OSError) else None
    told = told or f"{type(error).__name__}: {error}"
    refused = refusal(source, f"cannot be converted now ({told})", "it is tried again by itself")
    return UnavailableError(refused.message, refused.reasons)


def _refused(told: str) -> str:
    return f"cannot be published: the served folder refuses it ({told})"
