"""Where hints of changes come from: events of the file system, through watchdog."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from watchdog.events import (
    DirCreatedEvent,
    DirDeletedEvent,
    DirMovedEvent,
    FileClosedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    FileModifiedEvent,
    FileMovedEvent,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers.api import BaseObserver, ObservedWatch

from tfjs_serve.watching.snapshot import Scope, is_watched

if sys.platform == "linux":
    from watchdog.observers.inotify import InotifyEmitter
    from watchdog.observers.inotify_c import InotifyConstants

    class _Emitter(InotifyEmitter):
        """Tells of what came, and not of what was moved away.

        watchdog holds such an event, and all that follow, for 0.5 s: its other half may come
        (`InotifyMoveEventGrouper.delay`). A file that moves inside the folder is found by its
        inode, one that leaves it by the next scan.
        """

        def get_event_mask_from_filter(self) -> Any:
            """Return the events that the kernel is asked for."""
            mask = super().get_event_mask_from_filter()
            return None if mask is None else mask & ~InotifyConstants.IN_MOVED_FROM

    def _observer() -> BaseObserver:
        return BaseObserver(_Emitter)

else:
    from watchdog.observers import Observer

    def _observer() -> BaseObserver:
        return Observer()


_EVENTS: list[type[FileSystemEvent]] = [
    FileClosedEvent,
    FileMovedEvent,
    FileCreatedEvent,
    FileDeletedEvent,
    DirMovedEvent,
    DirCreatedEvent,
    DirDeletedEvent,
]
if sys.platform != "linux":  # Only inotify tells when a file is closed.
    _EVENTS.append(FileModifiedEvent)

_MOST_FOLDERS = 24
"""How many sub-folders are watched each by itself; a thread of watchdog belongs to each."""


class Events:
    """Hints from the system: paths at or below which something happened.

    The models folder itself is watched flat and each folder in it with everything below: so the
    served folder, `.git` and their like, which may hold thousands of folders, are not watched.
    Too many folders are watched as one tree. Every method may block: call them in a thread.
    """

    def __init__(self, scope: Scope, hint: Callable[[str], None]) -> None:
        """Prepare to call `hint`, from other threads, with paths relative to the models folder."""
        self._scope = scope
        self._hint = hint
        self._observer: BaseObserver | None = None
        self._root: tuple[str, int, int] | None = None
        self._folders: dict[str, ObservedWatch] = {}
        self._is_tree = False

    def sync(self) -> None:
        """Watch what is there now: start, follow new folders, start again in another place.

        Raises OSError when the system has no more watches to give.
        """
        try:
            root = _root_of(self._scope.models_dir)
            folders = self._find_folders()
        except OSError:  # The models folder is gone; whoever scans it says so.
            self.close()
            return
        is_tree = self._is_tree or len(folders) > _MOST_FOLDERS
        if root != self._root or is_tree != self._is_tree or self._observer is None:
            self.close()
            # Told of a folder twice, which happens when folders are made quickly, watchdog warns
            # of its own books on our terminal.
            warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
            observer = _observer()
            observer.start()  # Before `close`, in another thread, may come by it and join it.
            self._observer = observer
            self._root, self._is_tree = root, is_tree
            handler = _Handler(root[0], self._forward)
            self._observer.schedule(handler, root[0], recursive=is_tree, event_filter=_EVENTS)
        if not is_tree:
            self._watch(self._observer, root[0], folders)

    def close(self) -> None:
        """Stop watching."""
        observer, self._observer = self._observer, None
        self._root = None
        self._folders.clear()
        if observer is not None:
            observer.stop()
            observer.join()

    def _find_folders(self) -> dict[str, int]:
        """Return the inodes of the folders to watch, by name."""
        with os.scandir(self._scope.models_dir) as items:
            return {
                item.name: item.inode()
                for item in items
                if item.is_dir(follow_symlinks=False)
                and not item.name.startswith(".")
                and Path(item.path) != self._scope.served_folder
            }

    def _watch(self, observer: BaseObserver, root: str, folders: dict[str, int]) -> None:
        wanted = {f"{name}\0{inode}": name for name, inode in folders.items()}
        for key in self._folders.keys() - wanted.keys():
            with suppress(KeyError, OSError):
                observer.unschedule(self._folders.pop(key))
        for key in wanted.keys() - self._folders.keys():
            path = os.path.join(root, wanted[key])  # noqa: PTH118
            handler = _Handler(root, self._forward)
            with suppress(FileNotFoundError, PermissionError):  # Tried again at each call.
                self._folders[key] = observer.schedule(
                    handler, path, recursive=True, event_filter=_EVENTS
                )

    def _forward(self, path: str, is_folder: bool) -> None:
        if is_folder or is_watched(path):
            self._hint(path)


class _Handler(FileSystemEventHandler):
    """Turns events into relative paths."""

    def __init__(self, root: str, forward: Callable[[str, bool], None]) -> None:
        self._prefix = os.path.join(root, "")  # noqa: PTH118
        self._forward = forward

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Forward both ends of an event."""
        for path in (event.src_path, event.dest_path):
            text = os.fsdecode(path)
            if text.startswith(self._prefix):
                relative = text.removeprefix(self._prefix).replace(os.sep, "/")
                self._forward(relative, event.is_directory)


def _root_of(models_dir: Path) -> tuple[str, int, int]:
    real = os.path.realpath(models_dir)
    found = Path(real).stat()
    return real, found.st_dev, found.st_ino


def is_remote(folder: Path, mounts: str | None = None) -> bool:
    """Tell whether other machines may change a folder without an event reaching this one.

    mounts: the text of /proc/self/mountinfo (proc(5)), read when it is None.
    """
    if mounts is None:
        try:
            mounts = Path("/proc/self/mountinfo").read_text("utf-8", "surrogateescape")
        except OSError:
            return False
    real = os.path.join(os.path.realpath(folder), "")  # noqa: PTH118
    best: tuple[int, str] = (0, "")
    for line in mounts.splitlines():
        fields = line.split()
        if "-" not in fields:
            continue
        point = os.path.join(_unescaped(fields[4]), "")  # noqa: PTH118
        if real.startswith(point):
            best = max(best, (len(point), fields[fields.index("-") + 1]), key=_length)
    return best[1] in _REMOTE or best[1].startswith("fuse.")


_REMOTE = frozenset({"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "virtiofs", "afs", "ceph"})


def _length(mount: tuple[int, str]) -> int:
    return mount[0]


def _unescaped(text: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        text = text.replace(code, character)
    return text
