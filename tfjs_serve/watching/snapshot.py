"""Snapshots: which model files lie in a folder, and what tells one state of each from another."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from tfjs_serve.keras_files.beside import model_stem, names_beside
from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.names import is_model_file
from tfjs_serve.watching.seen import Seen, seen_at

Snapshot: TypeAlias = Mapping[str, Seen]
"""States of sources by path relative to the models folder, with forward slashes."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What is looked at: the models folder without the served folder, which may lie inside.

    Dot-files, dot-folders and symbolic links to folders are left out; symbolic links to files
    count as the file they lead to, which `look_at` may refuse. Whatever has a model's suffix and
    is no folder counts, also a pipe or a device: it is refused by name rather than passed over.
    """

    models_dir: Path
    served_folder: Path

    def scan(self) -> Snapshot:
        """Return all model files; OSError when the models folder itself cannot be listed."""
        found: dict[str, Seen] = {}
        with os.scandir(self.models_dir):
            found.update(self._below(""))
        return found

    def look(self, known: Snapshot, hints: Iterable[str]) -> dict[str, Seen | None]:
        """Return what is now at and below some paths; None for known files that are gone.

        Files that share an inode with what changed are looked at too: links to it, and where it
        was before it moved. Nothing is gone when the models folder itself is: it may be mounted
        again.
        """
        if not os.path.isdir(self.models_dir):  # noqa: PTH112
            return {}
        updates: dict[str, Seen | None] = {}
        paths = sorted(known)
        for hint in _models_of(hints, paths):
            if hint in known:
                updates[hint] = None
            updates |= dict.fromkeys(_below(paths, hint))
            if self._is_inside(hint):
                updates |= self._at(hint)
        for path in _kin(known, updates):
            updates |= {path: None, **self._at(path)}
        return updates

    def _is_inside(self, path: str) -> bool:
        """Tell whether `scan` would come by a path: no dot part, no folder that is a link."""
        parts = PurePosixPath(path).parts
        if not parts or any(part.startswith(".") for part in parts):
            return False
        folder = self.models_dir
        for part in parts[:-1]:
            folder /= part
            if os.path.islink(folder) or folder == self.served_folder:  # noqa: PTH114
                return False
        return True

    def _at(self, path: str) -> dict[str, Seen]:
        full = self.models_dir / path
        # Not the methods of Path, which raise for a path that is too long or may not be entered.
        if os.path.isdir(full):  # noqa: PTH112
            is_skipped = os.path.islink(full) or full == self.served_folder  # noqa: PTH114
            return {} if is_skipped else dict(self._below(path))
        if not _is_model(full.name):
            return {}
        seen = seen_at(full)
        return {} if seen is None else {path: seen}

    def _below(self, start: str) -> Iterator[tuple[str, Seen]]:
        folders = [start]
        while folders:
            folder = folders.pop()
            prefix = f"{folder}/" if folder else ""
            try:
                items = list(os.scandir(self.models_dir / folder))
            except OSError:  # Unreadable, or gone since its parent was listed.
                continue
            beside = {item.name: item for item in items if model_stem(item.name) is not None}
            for item in items:
                if item.name.startswith("."):
                    continue
                if item.is_dir(follow_symlinks=False):
                    if Path(item.path) != self.served_folder:
                        folders.append(prefix + item.name)
                elif _is_model(item.name) and (identity := _identity(item)) is not None:
                    yield prefix + item.name, Seen(identity, _beside(item.name, beside))


def differences(before: Snapshot, after: Snapshot) -> set[str]:
    """Return the paths that are new, gone or changed."""
    changed = {path for path, seen in after.items() if before.get(path) != seen}
    return changed | (before.keys() - after.keys())


def is_watched(path: str) -> bool:
    """Tell whether something happening at a path relative to the models folder matters."""
    if model_stem(path) is None:
        return is_model_file(PurePosixPath(path))
    return not any(part.startswith(".") for part in PurePosixPath(path).parts)


def _models_of(hints: Iterable[str], paths: Sequence[str]) -> Iterator[str]:
    """Yield hints, for each file beside a model the models among the sorted `paths`."""
    for hint in hints:
        stem = model_stem(hint)
        if stem is None:
            yield hint
        else:
            for path in _starting(paths, f"{stem}."):
                if path.rpartition(".")[0] == stem:
                    yield path


def _kin(known: Snapshot, updates: Mapping[str, Seen | None]) -> list[str]:
    """Return what shares an inode with what changed, before or after, without that itself."""
    inodes = {seen.inode for seen in updates.values() if seen is not None}
    inodes |= {known[path].inode for path in updates if path in known}
    return [path for path, seen in known.items() if seen.inode in inodes and path not in updates]


def _below(paths: Sequence[str], folder: str) -> Iterator[str]:
    """Yield those of the sorted `paths` that lie in a folder."""
    yield from _starting(paths, f"{folder}/")


def _starting(paths: Sequence[str], start: str) -> Iterator[str]:
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


def _beside(
    file_name: str, beside: Mapping[str, os.DirEntry[str]]
) -> tuple[tuple[str, Identity], ...]:
    """Return the files beside a model, as `identities_beside` does, from a listing."""
    found = []
    for name in names_beside(file_name) if beside else ():
        if name in beside:
            with suppress(OSError):  # Gone since the folder was listed.
                found.append((name, Identity.of_link(Path(beside[name].path))))
    return tuple(found)
