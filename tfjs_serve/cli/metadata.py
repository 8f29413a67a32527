"""`--metadata key:path,key:path`, as the official converter spells it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tfjs_serve.errors import UsageError


def read_metadata(text: str) -> dict[str, Any]:
    """Return what the JSON files that `text` names hold, by key; UsageError when one does not."""
    metadata: dict[str, Any] = {}
    for item in text.split(","):
        key, colon, path = item.partition(":")
        if not key or not colon or not path:
            raise UsageError(f"--metadata: found {item!r}, expected key:path/to/file.json")
        try:
            metadata[key] = json.loads(Path(path).read_text("utf-8"), parse_constant=_refuse)
        except OSError as error:
            raise UsageError(f"--metadata: {path} cannot be read ({error.strerror})") from error
        except (ValueError, RecursionError) as error:
            raise UsageError(f"--metadata: {path} is no JSON ({error})") from error
    return metadata


def _refuse(constant: str) -> None:
    """Refuse NaN and Infinity, which Python reads and browsers do not."""
    raise ValueError(f"found {constant}")
