"""How a command ends: its exit status and the sentence that goes with it."""

from __future__ import annotations

import traceback
from pathlib import Path

from tfjs_serve.cli.output import say
from tfjs_serve.errors import ConversionError, UsageError
from tfjs_serve.terminal import refusal_lines

DONE, FAILED, USAGE = 0, 1, 2


def refuse(text: str, status: int, is_verbose: bool = False) -> int:
    """Write why a command ends, and return its status."""
    if is_verbose:
        traceback.print_exc()
    say("tfjs-serve: ", text)
    return status


def refuse_model(path: Path, error: ConversionError, is_verbose: bool) -> int:
    """Write every reason why a model is refused, and return the status."""
    headline, *rest = refusal_lines(error.message, error.reasons)
    where = "" if path.name in headline else f"{path}: "
    status = refuse(where + headline, FAILED, is_verbose)
    for line in rest:
        say("  - ", line.removeprefix("- "))
    return status


def source_file(text: str) -> Path:
    """Return the model file a command was given; UsageError when there is none."""
    path = Path(text)
    if not path.is_file():
        found = "is a folder" if path.is_dir() else "does not exist"
        raise UsageError(f"{text}: {found}; expected a Keras model file")
    return path
