"""The models as JSON: what the API, the event stream and the list page show."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from tfjs_serve.errors import ConversionError
from tfjs_serve.library import Entry, Library, Version
from tfjs_serve.names import live_path, pinned_path

_DESCRIBING = (
    "digest", "bytes", "shards", "layers", "parameters", "inputs", "outputs", "keras_version",
    "trainable", "needs_companion", "custom_classes", "warnings", "converted_at", "ms",
)  # fmt: skip


def models_json(library: Library) -> dict[str, Any]:
    """Return the body of `/_tfjs-serve/api/models`."""
    return {
        "revision": library.revision,
        "models": [model_json(entry) for entry in library.entries()],
    }


def model_json(entry: Entry) -> dict[str, Any]:
    """Return a model as contract.md has it; what describes no served version is None."""
    version = entry.current
    return {
        "name": entry.name,
        "state": entry.state.value,
        "served": version is not None,
        "urls": {
            "live": live_path(entry.name),
            "pinned": None if version is None else pinned_path(entry.name, version.digest),
        },
        "source": entry.source,
        **(dict.fromkeys(_DESCRIBING) if version is None else _version_json(version)),
        "error": None if entry.error is None else error_json(entry.error),
    }


def reported_json(entry: Entry) -> dict[str, Any]:
    """Return the body of `/_tfjs-serve/api/models/<name>`: the model with its report."""
    version = entry.current
    report = None if version is None else version.artifacts.report.as_json()
    return {**model_json(entry), "report": report}


def error_json(error: ConversionError) -> dict[str, Any]:
    """Return a refusal with every reason."""
    return {
        "message": error.message,
        "reasons": [reason.as_json() for reason in error.reasons],
    }


def _version_json(version: Version) -> dict[str, Any]:
    artifacts = version.artifacts
    converted_at = datetime.fromtimestamp(int(version.converted_at), UTC)
    return {
        "digest": artifacts.digest,
        "bytes": artifacts.nbytes,
        "shards": len(artifacts.shards),
        **artifacts.summary.as_json(),
        "converted_at": converted_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ms": version.ms,
    }
