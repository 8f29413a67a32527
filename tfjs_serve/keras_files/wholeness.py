"""Files that are not whole, refused before HDF5 sees them."""

from __future__ import annotations

import os

from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.readiness import Readiness, probe
from tfjs_serve.keras_files.refusals import SAVE_AGAIN, refusal


def require_whole(fd: int, where: str) -> None:
    """Refuse an open file that its writer did not finish, or has not finished yet.

    An empty one passes: it is none of HDF5, and `strangers` has a sentence for it.

    Raises SourceBusyError while somebody has it open for writing, ConversionError when it is
    shorter than it says or was never closed.
    """
    found = probe(fd)
    if found is Readiness.BUSY:
        raise SourceBusyError(f"{where} is being written; try again when that is done")
    if found in (Readiness.FLAGGED, Readiness.UNFINISHED) and os.fstat(fd).st_size:
        raise incomplete(where, found)


def incomplete(where: str, found: Readiness) -> ConversionError:
    """Return the refusal of a file that is FLAGGED or UNFINISHED and stays so."""
    if found is Readiness.FLAGGED:
        why = "is incomplete: its writer never closed it, so it may hold weights of two versions"
        return refusal(where, why, f"{SAVE_AGAIN}; h5clear -s clears the mark of a whole file")
    return refusal(where, "is incomplete: its writer stopped before the end", SAVE_AGAIN)
