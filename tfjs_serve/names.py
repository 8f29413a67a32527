"""From file names to model names and URLs (contract, Names)."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath
from urllib.parse import quote

from tfjs_serve.errors import ConversionError

SUFFIXES = (".h5", ".hdf5", ".keras")
TEMPORARY_SUFFIXES = (".crdownload", ".part", ".partial", ".tmp", ".download", ".filepart", ".swp")
RESERVED = frozenset({"_w", "_tfjs-serve", "healthz"})


def is_model_file(source: PurePosixPath) -> bool:
    """Tell whether a path relative to the models folder is watched at all."""
    if any(part.startswith(".") for part in source.parts):
        return False
    name = source.name.lower()
    return name.endswith(SUFFIXES) and not name.endswith("~")


def model_name(source: PurePosixPath) -> str:
    """Return the name a source is served under: NFC, `@` as `_at_`, last suffix stripped."""
    stem = source.with_name(source.name.rpartition(".")[0]).as_posix()
    return unicodedata.normalize("NFC", stem.replace("@", "_at_"))


def check_name(name: str, source: PurePosixPath) -> None:
    """Refuse a name whose URL would mean something else; ConversionError with the remedy."""
    head, *_ = segments = name.split("/")
    if head in RESERVED:
        raise ConversionError(
            f"{source}: the name {head!r} is reserved for the server itself; rename the file"
        )
    if "model.json" in segments:
        raise ConversionError(
            f"{source}: a model cannot be called 'model.json', the name of every model's "
            "entry file; rename it"
        )


def live_path(name: str) -> str:
    """Return the URL path of a model's newest version."""
    return f"/{quote(name)}/model.json"


def pinned_path(name: str, digest: str) -> str:
    """Return the URL path of one version of a model."""
    return f"/{quote(name)}@{digest}/model.json"
