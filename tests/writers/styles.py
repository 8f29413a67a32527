"""The ways in which programs write model files, each by the system calls that it makes.

A style is called with a `Save`; when it returns, the file is complete and closed. Those of `KILLED`
never return: they end their process half-way, as `kill -9` and the kernel's memory killer do.

Source: strace of Keras 2.15 and 3.15, cp, curl, rsync 3.2.7, browsers and zip tools.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import h5py

from tests.writers.versions import (
    Plan,
    at_once,
    model_bytes,
    overwrite_h5,
    write_archive,
    write_h5,
)

PARTS = 8


@dataclass(frozen=True, slots=True)
class Save:
    """One save: where, which version, and how long the writer dawdles between two parts."""

    path: Path
    version: int
    plan: Plan
    pause: Callable[[], None] = at_once

    @property
    def data(self) -> bytes:
        """Return the whole file."""
        return model_bytes(self.path.suffix, self.plan, self.version)


Style: TypeAlias = Callable[[Save], None]


# Keras and h5py: straight to the final name.


def direct(save: Save) -> None:
    """Save as Keras does to `.h5`: truncated, written, closed."""
    with h5py.File(save.path, "w") as file:
        write_h5(file, save.plan, save.version, at_once)


def slow(save: Save) -> None:
    """Save as Keras does a large model to a slow disk."""
    with h5py.File(save.path, "w") as file:
        write_h5(file, save.plan, save.version, save.pause)


def flushed(save: Save) -> None:
    """Save and flush in between: on disk stands a file that looks whole, with other weights."""
    with h5py.File(save.path, "w") as file:
        write_h5(file, save.plan, save.version - 0.5, at_once)
        file.flush()
        save.pause()
        overwrite_h5(file, save.plan, save.version, save.pause)
        file.flush()
        save.pause()


def in_place(save: Save) -> None:
    """Fill the weights of a file that stays complete to look at all the time."""
    if not _is_whole(save.path):
        direct(save)
    with h5py.File(save.path, "r+") as file:
        overwrite_h5(file, save.plan, save.version, save.pause)


def unlinked(save: Save) -> None:
    """Delete the file and create another of its name."""
    save.path.unlink(missing_ok=True)
    save.pause()
    direct(save)


def zipped(save: Save) -> None:
    """Save as Keras 3 does to `.keras`: member by member, the directory last."""
    with save.path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        write_archive(archive, save.plan, save.version, save.pause)


# Tools: the same bytes, moved there.


def copied(save: Save) -> None:
    """Write as cp, curl -o and scp do: truncated, then in parts."""
    with save.path.open("wb", buffering=0) as file:
        for part in _parts(save.data):
            file.write(part)
            save.pause()


def uploaded(save: Save) -> None:
    """Write half, close, and come back for the rest, as an interrupted download does."""
    first, *rest = _parts(save.data, 2)
    save.path.write_bytes(first)
    save.pause()
    with save.path.open("ab", buffering=0) as file:
        for part in rest:
            file.write(part)


def mended(save: Save) -> None:
    """Write a file that is cut off, then the whole one."""
    save.path.write_bytes(save.data[:-100])
    save.pause()
    copied(save)


def renamed(save: Save) -> None:
    """Download beside it, then rename, as browsers do."""
    part = save.path.with_name(f"{save.path.name}.crdownload")
    part.write_bytes(save.data)
    part.replace(save.path)


def moved_in(save: Save) -> None:
    """Write elsewhere and move it in."""
    outside = save.path.parent.parent / save.path.name
    outside.write_bytes(save.data)
    outside.replace(save.path)


def rsynced(save: Save) -> None:
    """Write as rsync does: a dot-file, its time set back, then renamed."""
    part = save.path.with_name(f".{save.path.name}.AbCdEf")
    with part.open("wb", buffering=0) as file:
        for data in _parts(save.data):
            file.write(data)
            save.pause()
    os.utime(part, (1_000_000_000, 1_000_000_000))
    part.replace(save.path)


def rsynced_inplace(save: Save) -> None:
    """Write as rsync --inplace does: over the old bytes, cut to length at the end."""
    fd = os.open(save.path, os.O_WRONLY | os.O_CREAT, 0o644)
    try:
        for data in _parts(save.data):
            os.write(fd, data)
            save.pause()
        os.ftruncate(fd, len(save.data))
    finally:
        os.close(fd)
    os.utime(save.path, (1_000_000_000, 1_000_000_000))


def rsync(save: Save) -> None:
    """Run the real rsync."""
    _rsync(save)


def rsync_inplace(save: Save) -> None:
    """Run the real rsync --inplace."""
    _rsync(save, "--inplace")


def _rsync(save: Save, *options: str) -> None:
    # A folder of the version's own: rsync takes files of equal size and time for the same.
    source = save.path.parent.parent / f"from-{save.version}" / save.path.name
    source.parent.mkdir()
    source.write_bytes(save.data)
    try:
        ends = (str(source), str(save.path))
        command = ["rsync", "--times", "--ignore-times", *options, *ends]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    finally:
        shutil.rmtree(source.parent)


# Killed half-way.


def killed(save: Save) -> None:
    """Be killed while Keras writes."""
    with h5py.File(save.path, "w") as file:
        write_h5(file, save.plan, save.version, _die_after(save.plan.layers // 2))


def killed_after_flush(save: Save) -> None:
    """Be killed when half of the weights are new, in a file that says how long it is."""
    with h5py.File(save.path, "w") as file:
        write_h5(file, save.plan, save.version - 0.5, at_once)
        file.flush()
        overwrite_h5(file, save.plan, save.version, _die_after(save.plan.layers // 2))


def killed_in_place(save: Save) -> None:
    """Be killed while the weights of a complete file are replaced."""
    if not _is_whole(save.path):
        direct(save)
    with h5py.File(save.path, "r+") as file:
        overwrite_h5(file, save.plan, save.version, _die_after(save.plan.layers // 2))


def killed_copy(save: Save) -> None:
    """Be killed while a tool writes."""
    with save.path.open("wb", buffering=0) as file:
        pause = _die_after(PARTS // 2)
        for part in _parts(save.data):
            file.write(part)
            pause()


def killed_zip(save: Save) -> None:
    """Be killed before the directory of the archive is written."""
    with save.path.open("wb") as file, zipfile.ZipFile(file, "w") as archive:
        write_archive(archive, save.plan, save.version, _die_after(2))


def _die_after(parts: int) -> Callable[[], None]:
    left = iter(range(parts - 1))

    def pause() -> None:
        if next(left, None) is None:
            os.kill(os.getpid(), signal.SIGKILL)

    return pause


def _parts(data: bytes, count: int = PARTS) -> list[bytes]:
    size = -(-len(data) // count)
    return [data[start : start + size] for start in range(0, len(data), size)]


def _is_whole(path: Path) -> bool:
    try:
        with h5py.File(path, "r", locking=False) as file:
            return "model_weights" in file
    except OSError:
        return False


def _named(*styles: Style) -> Mapping[str, Style]:
    return {style.__name__: style for style in styles}


_H5 = _named(direct, slow, flushed, in_place, unlinked)
_TOOLS = _named(copied, uploaded, mended, renamed, moved_in, rsynced, rsynced_inplace)
_REAL = _named(rsync, rsync_inplace) if shutil.which("rsync") else {}
_KILLED_H5 = _named(killed, killed_after_flush, killed_in_place)

STYLES: Mapping[str, Mapping[str, Style]] = {
    ".h5": {**_H5, **_TOOLS, **_KILLED_H5, "killed_copy": killed_copy},
    ".keras": {"zipped": zipped, **_TOOLS, "killed_zip": killed_zip},
}
"""The styles for a suffix; any machine has them."""

REAL_TOOLS: Mapping[str, Style] = _REAL
"""Styles that run a program which this machine happens to have."""

KILLED = frozenset({*_KILLED_H5, "killed_copy", "killed_zip"})
"""Styles that leave a broken file."""
