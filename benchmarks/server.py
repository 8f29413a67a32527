"""A real `tfjs-serve` process for benchmarks, told by its own events what it does."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.measure import ROOT

OURS = ROOT / ".venv" / "bin" / "tfjs-serve"


@contextmanager
def serving(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Serve a folder on a free port; yield the process, past `ready`, and the port."""
    command = [OURS, folder, "--port", "0", "--log-format", "json", *options]
    with subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, text=True) as it:
        try:
            yield it, event(it, "ready")["port"]
        finally:
            it.terminate()


def event(process: subprocess.Popen[str], *names: str) -> dict[str, Any]:
    """Return the next event of one of these names; RuntimeError when the server has ended."""
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if found["event"] in names:
            return found
    raise RuntimeError("the server ended")
