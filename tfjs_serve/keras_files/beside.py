"""What lies beside a model file: its labels and notes on preprocessing, for the page that uses it.

    mnist.h5   mnist.labels.txt           one label a line
               mnist.labels.json          a list, or an object
               mnist.preprocessing.json   the same

Their content becomes the members of that name of `userDefinedMetadata`. A file that cannot be read
is left out with a warning. Nothing but a regular file in the model's own folder is opened: what
it holds is published word for word, so a link that leads elsewhere is never followed.

The server's process uses this module, so it imports neither h5py nor NumPy.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.json_config import parse_value
from tfjs_serve.keras_files.readiness import OPEN_FLAGS, Identity, Writers, writers_of
from tfjs_serve.keras_files.reading import read_at
from tfjs_serve.keras_files.refusals import display_name, refusal

KEYS = ("labels", "preprocessing")
"""Members of the metadata, also the last part but one of the file's name."""

SUFFIXES = (".json", ".txt")
"""The first that is there counts."""

BYTES_LIMIT = 1 << 20
"""Every load of the model transfers its metadata; 21,000 labels of ImageNet are 0.5 MB."""

_ENDS = tuple(f".{key}{suffix}" for key in KEYS for suffix in SUFFIXES)
_FLAGS = OPEN_FLAGS | getattr(os, "O_NOFOLLOW", 0)


@dataclass(frozen=True, slots=True)
class Beside:
    """What was found beside a model.

    metadata: members of `userDefinedMetadata`. warnings: why a file was left out.
    """

    metadata: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()


NOTHING_BESIDE = Beside()


def model_stem(file_name: str) -> str | None:
    """Return the name without suffix of the models a file lies beside; None for other files."""
    for end in _ENDS:
        if file_name.endswith(end) and not file_name.rpartition("/")[2].startswith("."):
            return file_name.removesuffix(end)
    return None


def names_beside(file_name: str) -> tuple[str, ...]:
    """Return the names of all files that may lie beside a model file."""
    stem = file_name.rpartition(".")[0]
    return tuple(stem + end for end in _ENDS)


def identities_beside(path: Path) -> tuple[tuple[str, Identity], ...]:
    """Return name and identity of what is there; of a link itself, not of where it leads."""
    found = []
    for name in names_beside(path.name):
        try:
            found.append((name, Identity.of_link(path.with_name(name))))
        except (OSError, ValueError):
            continue
    return tuple(found)


def is_written_beside(path: Path) -> bool:
    """Tell whether somebody has one of the files open for writing."""
    for name, _ in identities_beside(path):
        try:
            fd = _opened(path.with_name(name))
        except OSError:
            continue
        try:
            if writers_of(fd) is Writers.SOME:
                return True
        finally:
            os.close(fd)
    return False


def read_beside(path: Path) -> Beside:
    """Read what lies beside a model file; never raises on what it finds there."""
    names = {name for name, _ in identities_beside(path)}
    metadata: dict[str, Any] = {}
    warnings: list[str] = []
    stem = path.name.rpartition(".")[0]
    for key in KEYS:
        found = [n for suffix in SUFFIXES if (n := f"{stem}.{key}{suffix}") in names]
        if not found:
            continue
        first, *others = found
        warnings += [f"{display_name(n)} is not read: {display_name(first)} counts" for n in others]
        try:
            metadata[key] = _value(path.with_name(first))
        except ConversionError as error:
            warnings.append(f"{display_name(first)} is left out: it {error.reasons[0].why}")
    return Beside(metadata, tuple(warnings))


def _value(path: Path) -> Any:
    where = display_name(path)
    try:
        text = _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _refused(where, f"is not UTF-8 (byte {error.start})") from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _refused(where, "is a symbolic link, which is not followed") from error
        raise _refused(where, f"cannot be read ({error.strerror or error})") from error
    if path.suffix == ".txt":
        return [line.removesuffix("\r") for line in text.rstrip("\r\n").split("\n")] if text else []
    value = parse_value(text, where, "text")
    if not isinstance(value, dict | list):
        raise _refused(where, "is neither a list nor an object")
    return value


def _bytes(path: Path) -> bytes:
    fd = _opened(path)
    try:
        data = read_at(fd, 0, BYTES_LIMIT + 1)
    finally:
        os.close(fd)
    if len(data) > BYTES_LIMIT:
        raise _refused(display_name(path), f"is larger than {BYTES_LIMIT} bytes")
    return data


def _opened(path: Path) -> int:
    """Open a regular file, and nothing else; OSError, also for a link, a pipe or a device."""
    # Looked at before it is opened: merely opening some devices has effects.
    _check_regular(path.lstat())
    fd = os.open(path, _FLAGS)
    try:
        _check_regular(os.fstat(fd))
    except BaseException:
        os.close(fd)
        raise
    return fd


def _check_regular(found: os.stat_result) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise OSError(errno.ELOOP, "it is a symbolic link")
    if not stat.S_ISREG(found.st_mode):
        raise OSError(errno.EINVAL, "it is no file")


def _refused(where: str, why: str) -> ConversionError:
    return refusal(where, why, "write it again")
