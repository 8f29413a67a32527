"""The events of a library that tell of a version."""

from __future__ import annotations

from tfjs_serve.events import Converted, Reused
from tfjs_serve.library.entries import Version
from tfjs_serve.names import live_path


def converted(name: str, version: Version) -> Converted:
    """Return the event of a version that was just converted."""
    artifacts = version.artifacts
    return Converted(
        name=name,
        url=live_path(name),
        digest=artifacts.digest,
        bytes=artifacts.nbytes,
        ms=version.ms,
        warnings=artifacts.summary.warnings,
        needs_companion=artifacts.summary.needs_companion,
        custom_classes=artifacts.summary.custom_classes,
        report=artifacts.report,
    )


def reused(name: str, version: Version) -> Reused:
    """Return the event of a version that still is what its source converts to."""
    artifacts = version.artifacts
    return Reused(
        name=name,
        url=live_path(name),
        digest=artifacts.digest,
        bytes=artifacts.nbytes,
        warnings=artifacts.summary.warnings,
        needs_companion=artifacts.summary.needs_companion,
        custom_classes=artifacts.summary.custom_classes,
    )
