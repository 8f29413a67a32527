"""Where `inspect` and `stub` write what they found."""

from __future__ import annotations

import sys
from pathlib import Path

from tfjs_serve.terminal.output import write


def emit(text: str, target: str | None) -> None:
    """Write to a file, or to standard output in what that can show; OSError from the file."""
    if target is not None:
        Path(target).write_text(text, "utf-8")
        return
    encoding = sys.stdout.encoding or "utf-8"
    write(sys.stdout, text.encode(encoding, "backslashreplace").decode(encoding))
