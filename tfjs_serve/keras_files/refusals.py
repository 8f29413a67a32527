"""How a file is refused: where, what was found, what to do, in one sentence."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tfjs_serve.errors import ConversionError, Reason

SAVE_AGAIN = "save the model again with model.save('model.h5')"
SAVE_AGAIN_ARCHIVE = "save the model again with model.save('model.keras')"
SAVE_WHOLE = "save the whole model: model.save('model.h5')"


def display_name(path: str | os.PathLike[str]) -> str:
    """Return the last part of a path as people read it; control characters are escaped."""
    name = Path(path).name or str(path)
    return name if name.isprintable() else ascii(name)


def refusal(where: str, why: str, remedy: str) -> ConversionError:
    """Return the error `<where> <why>; <remedy>`, with the same as its only reason."""
    return ConversionError(f"{where} {why}; {remedy}", [Reason(why=why, remedy=remedy)])


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Turn what h5py, zlib and NumPy raise on malformed files into one sentence."""
    try:
        yield
    except MemoryError as error:
        raise refusal(where, "asks for more memory than there is", SAVE_AGAIN) from error
    except (OSError, KeyError, RuntimeError, ValueError, TypeError, OverflowError) as error:
        cause = error.args[0] if error.args else type(error).__name__
        raise refusal(where, f"is damaged or incomplete ({cause})", SAVE_AGAIN) from error
