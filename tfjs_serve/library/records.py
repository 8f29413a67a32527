"""Records: what a start reads to serve again what an earlier run published."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

from tfjs_serve.artifacts import CONVERTER_REVISION, Artifacts, Options
from tfjs_serve.errors import ConversionError
from tfjs_serve.library.entries import Entry, Stamp, State, Version
from tfjs_serve.library.folder import ServedFolder, is_shard_name, replace
from tfjs_serve.names import check_name

_DIGEST = re.compile(r"[0-9a-f]{16}")
_DAMAGE = (
    OSError,
    ValueError,
    LookupError,
    TypeError,
    AttributeError,
    OverflowError,
    RecursionError,
    ConversionError,
)
"""What reading a file raises that anybody may have written."""


def write(folder: ServedFolder, entry: Entry) -> None:
    """Write the record of a model that is served; OSError when the disk refuses."""
    if entry.current is None or entry.stamp is None or entry.options is None:
        raise ValueError(f"{entry.name} is not served: there is nothing to record")
    record = {
        "name": entry.name,
        "source": entry.source,
        "stamp": [entry.stamp.size, entry.stamp.mtime_ns, entry.stamp.inode],
        "beside": [list(file) for file in entry.stamp.beside],
        "options": entry.options.as_json(),
        "revision": CONVERTER_REVISION,
        "versions": [_version_as_json(version) for version in entry.versions],
    }
    # Without an indent: only then json encodes in C, which the event loop waits for.
    replace(path_of(folder, entry.name), json.dumps(record).encode())


def path_of(folder: ServedFolder, name: str) -> Path:
    """Return where the record of a model lies: flat, whatever the name holds."""
    return folder.records / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json"


def read_all(folder: ServedFolder, replaced_at: float) -> Iterator[Entry]:
    """Yield the models whose files are whole and of this converter; drop all other records.

    Previous versions count as replaced at `replaced_at`: clients may have got them just before
    the restart.
    """
    for path in sorted(folder.records.glob("*.json")):
        try:
            record = json.loads(folder.read(path))
            entry = _entry(folder, record, replaced_at)
            is_mine = path == path_of(folder, entry.name)
        except _DAMAGE:
            entry, is_mine = None, False
        if entry is not None and is_mine:
            _mend_live(folder, entry)
            yield entry
        else:
            _drop(folder, path)


def _entry(folder: ServedFolder, record: dict[str, Any], replaced_at: float) -> Entry:
    if record["revision"] != CONVERTER_REVISION:
        raise ValueError("made by another revision of the converter")
    name = _checked(record["name"])
    newest, *older = record["versions"]
    previous = []
    for item in older:
        try:
            previous.append(_version(folder, name, item, replaced_at))
        except _DAMAGE:
            continue
    return Entry(
        name=name,
        source=record["source"],
        state=State.READY,
        current=_version(folder, name, newest, None),
        previous=tuple(previous),
        stamp=_stamp(record["stamp"], record["beside"]),
        options=Options.from_json(record["options"]),
    )


def _stamp(model: list[int], beside: list[list[Any]]) -> Stamp:
    size, mtime_ns, inode = model
    return Stamp(size, mtime_ns, inode, tuple((name, *numbers) for name, *numbers in beside))


def _version(
    folder: ServedFolder, name: str, item: dict[str, Any], replaced_at: float | None
) -> Version:
    """Return a version whose files are whole; ValueError or OSError when they are not."""
    if not _DIGEST.fullmatch(item["artifacts"]["digest"]):
        raise ValueError("no digest")
    model_json = folder.read(folder.pinned(name, item["artifacts"]["digest"]))
    artifacts = Artifacts.from_json(item["artifacts"], model_json)
    if hashlib.sha256(model_json).hexdigest()[:16] != artifacts.digest:
        raise ValueError("model.json was changed")
    if not all(is_shard_name(shard.name) for shard in artifacts.shards):
        raise ValueError("not the name of a shard")
    if not all(folder.has_whole(shard) for shard in artifacts.shards):
        raise ValueError("a shard is missing or has another size")
    return Version(artifacts, float(item["converted_at"]), int(item["ms"]), replaced_at)


def _version_as_json(version: Version) -> dict[str, Any]:
    return {
        "artifacts": version.artifacts.as_json(),
        "converted_at": version.converted_at,
        "ms": version.ms,
    }


def _mend_live(folder: ServedFolder, entry: Entry) -> None:
    """Make the newest model.json what the record says: a kill may have come between the two."""
    if entry.current is None:
        return
    live = folder.live(entry.name)
    wanted = entry.current.artifacts.model_json
    with suppress(OSError):
        if folder.read(live) == wanted:
            return
    with suppress(OSError):  # A full disk: it is served from memory, and mended when there is room.
        folder.put(live, wanted)


def _drop(folder: ServedFolder, path: Path) -> None:
    """Delete a record that cannot be trusted, and the newest model.json it stood for."""
    try:
        name = _checked(json.loads(folder.read(path))["name"])
        if path == path_of(folder, name):
            folder.remove(folder.live(name))
    except _DAMAGE:
        pass
    folder.remove(path)


def _checked(name: str) -> str:
    """Return a name that a model may have; ValueError or ConversionError for any other."""
    check_name(name, PurePosixPath(name))
    if any(not part or part.startswith(".") for part in name.split("/")) or {*"\0@\\"} & {*name}:
        raise ValueError("not the name of a model")
    return name
