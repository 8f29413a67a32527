"""Where the served folder may lie."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from tfjs_serve.config.environment import environment
from tfjs_serve.config.settings import Settings
from tfjs_serve.errors import UsageError

SERVED_FOLDER = ".tfjs-serve"
STATE_FOLDER = ".state"
"""Where the served folder keeps its records: the mark of a folder that is ours."""

_MOST_SERVERS = 32
"""How many servers may serve one models folder beside the one that publishes into it."""


def default_folder(models_dir: Path) -> Path:
    """Return where the served folder of `models_dir` lies when nothing speaks against it."""
    return models_dir / SERVED_FOLDER


def private_folders(models_dir: Path, environ: Mapping[str, str] | None = None) -> Iterator[Path]:
    """Yield where else it may lie, in the user's cache folder, one for each server at a time."""
    first = _cache_folder(environ) / folder_id(models_dir)
    yield first
    for number in range(2, _MOST_SERVERS + 1):
        yield first.with_name(f"{first.name}-{number}")


def _cache_folder(environ: Mapping[str, str] | None) -> Path:
    environ = environment() if environ is None else environ
    if sys.platform == "win32":
        base = Path(environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = Path(environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "tfjs-serve"


def folder_id(models_dir: Path) -> str:
    """Return what stands for a models folder where its path must not be told."""
    return hashlib.sha256(os.fsencode(models_dir.resolve())).hexdigest()[:16]


def check_out(settings: Settings) -> None:
    """Refuse a served folder that would publish or overwrite the models themselves."""
    if settings.out is None:
        return
    out, models_dir = settings.out.resolve(), settings.models_dir.resolve()
    if out == models_dir or out in models_dir.parents:
        raise UsageError(
            f"--out: {settings.out} holds the models themselves; expected a folder of its own"
        )
    if settings.out.exists() and not settings.out.is_dir():
        raise UsageError(f"--out: {settings.out} is a file; expected a folder")
    if settings.out.is_dir() and not is_ours(settings.out) and any(settings.out.iterdir()):
        # A model's name may be that of something else in there.
        raise UsageError(
            f"--out: {settings.out} holds files that tfjs-serve did not write; "
            "expected an empty or a new folder"
        )


def is_ours(folder: Path) -> bool:
    """Tell whether a folder is one that an earlier run published into."""
    return (folder / STATE_FOLDER).is_dir()
