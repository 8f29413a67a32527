"""Snapshots: which model files lie in a folder, and what tells one state of each from another."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.names import is_model_file

Snapshot: TypeAlias = Mapping[str, Identity]
"""Identities by path relative to the models folder, with forward slashes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: the models folder without the served folder, which may lie inside.

    Dot-files, dot-folders and symbolic links to folders are left out; symbolic links to files
    count as the file they lead to. Whatever has a model's suffix and is no folder counts, also a
    pipe or a device: it is refused by name rather than passed over.
    """

    models_dir: Path
    served_folder: Path

    def scan(self) -> Snapshot:
        """Return all model files; OSError when the models folder itself cannot be listed."""
        found: dict[str, Identity] = {}
        with os.scandir(self.models_dir):
            found.update(self._below(""))
        return found

    def look(self, known: Snapshot, hints: Iterable[str]) -> dict[str, Identity | None]:
        """Return what is now at and below some paths; None for known files that are gone.

        Nothing is gone when the models folder itself is: it may be mounted again.
        """
        if not self.models_dir.is_dir():
            return {}
        updates: dict[str, Identity | None] = {}
        paths = sorted(known)
        for hint in hints:
            if hint in known:
                updates[hint] = None
            updates |= dict.fromkeys(_below(paths, hint))
            if self._is_inside(hint):
                updates |= self._at(hint)
        return updates

    def _is_inside(self, path: str) -> bool:
        """Tell whether `scan` would come by a path: no dot part, no folder that is a link."""
        parts = PurePosixPath(path).parts
        if not parts or any(part.startswith(".") for part in parts):
            return False
        folder = self.models_dir
        for part in parts[:-1]:
            folder /= part
            if folder.is_symlink() or folder == self.served_folder:
                return False
        return True

    def _at(self, path: str) -> dict[str, Identity]:
        full = self.models_dir / path
        if full.is_dir():
            is_skipped = full.is_symlink() or full == self.served_folder
            return {} if is_skipped else dict(self._below(path))
        if not _is_model(full.name):
            return {}
        try:
            return {path: Identity.of(full)}
        except OSError:
            return {}

    def _below(self, start: str) -> Iterator[tuple[str, Identity]]:
        folders = [start]
        while folders:
            folder = folders.pop()
            prefix = f"{folder}/" if folder else ""
            try:
                items = list(os.scandir(self.models_dir / folder))
            except OSError:  # Unreadable, or gone since its parent was listed.
                continue
            for item in items:
                if item.name.startswith("."):
                    continue
                if item.is_dir(follow_symlinks=False):
                    if Path(item.path) != self.served_folder:
                        folders.append(prefix + item.name)
                elif _is_model(item.name) and (identity := _identity(item)) is not None:
                    yield prefix + item.name, identity


def differences(before: Snapshot, after: Snapshot) -> set[str]:
    """Return the paths that are new, gone or changed."""
    changed = {path for path, identity in after.items() if before.get(path) != identity}
    return changed | (before.keys() - after.keys())


def _below(paths: Sequence[str], folder: str) -> Iterator[str]:
    """Yield those of the sorted `paths` that lie in a folder."""
    start = f"{folder}/"
    for index in range(bisect_left(paths, start), len(paths)):
        if not paths[index].startswith(start):
            return
        yield paths[index]


@lru_cache(maxsize=65_536)
def _is_model(file_name: str) -> bool:
    return is_model_file(PurePosixPath(file_name))


def _identity(item: os.DirEntry[str]) -> Identity | None:
    """Return the identity of a file, a link's target included; None for folders and dead links."""
    try:
        return None if item.is_dir() else Identity.of(item.path)
    except OSError:
        return None
