"""`tfjs-serve.toml`: settings, and options of single models by glob."""

from __future__ import annotations

import stat
import tomllib
from pathlib import Path
from typing import Any

from tfjs_serve.config.options import FOR_FOLDERS, parse_options
from tfjs_serve.config.settings import ModelOptions
from tfjs_serve.errors import UsageError

FILE_NAME = "tfjs-serve.toml"
FILE_LIMIT_BYTES = 1024 * 1024


def read_file(path: Path, *, is_required: bool) -> tuple[dict[str, Any], tuple[ModelOptions, ...]]:
    """Return the settings and the per-model options of a file that may be missing."""
    try:
        status = path.stat()
        # A device or a pipe would never end, and a stranger's file may be huge.
        if not stat.S_ISREG(status.st_mode) or status.st_size > FILE_LIMIT_BYTES:
            raise UsageError(f"{path}: expected a TOML file of at most {FILE_LIMIT_BYTES} bytes")
        table = tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        if is_required:
            raise UsageError(f"{path}: no such file; expected a TOML file of settings") from None
        return {}, ()
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror})") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: is no valid TOML ({error})") from error
    table = {key.replace("-", "_"): value for key, value in table.items()}
    entries = table.pop("models", [])
    if not isinstance(entries, list):
        raise UsageError(f"{path}: models: expected [[models]] tables, each with a match")
    return table, tuple(_model_options(entry, f"{path}: models") for entry in entries)


def _model_options(entry: object, where: str) -> ModelOptions:
    if not isinstance(entry, dict) or not isinstance(entry.get("match"), str):
        raise UsageError(f"{where}: found no match, expected a glob of model names")
    rest = {key: value for key, value in entry.items() if key != "match"}
    return ModelOptions(entry["match"], parse_options(rest, where, FOR_FOLDERS))
