"""Files that are no HDF5: each is named for what it is, by its content, never by its name."""

from __future__ import annotations

import os
import zipfile

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.readiness import read_at
from tfjs_serve.keras_files.refusals import SAVE_WHOLE, refusal

# first bytes, at which offset, what it is, what to do
KINDS: tuple[tuple[bytes, int, str, str], ...] = (
    (
        b"version https://git-lfs.github.com/",
        0,
        "is a Git LFS pointer, not the model itself",
        "fetch the model with 'git lfs pull'",
    ),
    (b"TFL3", 4, "is a TensorFlow Lite model, not a Keras model", SAVE_WHOLE),
    (b"\x93NUMPY", 0, "is a NumPy array (.npy), not a Keras model", SAVE_WHOLE),
    (b"\x1f\x8b", 0, "is compressed with gzip", "unpack it with gunzip first"),
    (b"\x80\x02", 0, "is a Python pickle, which is never loaded", SAVE_WHOLE),
    (b"\x80\x03", 0, "is a Python pickle, which is never loaded", SAVE_WHOLE),
    (b"\x80\x04", 0, "is a Python pickle, which is never loaded", SAVE_WHOLE),
    (b"\x80\x05", 0, "is a Python pickle, which is never loaded", SAVE_WHOLE),
)


def stranger(fd: int, where: str) -> ConversionError:
    """Return the refusal of a file in which no HDF5 signature was found.

    fd: the open file. where: its name as people read it.
    """
    head = read_at(fd, 0, 512)
    if not head:
        return refusal(where, "is empty", "save or copy the model again")
    if head.startswith(b"PK\x03\x04"):
        return _zip_stranger(fd, where)
    for start, offset, what, remedy in KINDS:
        if head[offset:].startswith(start):
            return refusal(where, what, remedy)
    if not any(head):
        why = "starts with zeros where an HDF5 file has its signature: it is incomplete or damaged"
        return refusal(where, why, "save or copy the model again")
    if head.lstrip()[:1] == b"<":
        why = "is a web page (HTML or XML), not a Keras model"
        return refusal(where, why, "download the model file itself")
    if _is_text(head):
        return refusal(where, "is a text file, not a Keras model", SAVE_WHOLE)
    return refusal(where, "is no HDF5 file, so no Keras model in .h5 format", SAVE_WHOLE)


def _zip_stranger(fd: int, where: str) -> ConversionError:
    """Name a zip file by its members; nothing is unpacked."""
    try:
        with os.fdopen(os.dup(fd), "rb") as file, zipfile.ZipFile(file) as archive:
            members = set(archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        return refusal(where, f"is a damaged zip file ({error})", "save or copy the model again")
    if "config.json" in members and "metadata.json" in members:
        why = "is a .keras archive, which is not supported yet"
        return refusal(where, why, SAVE_WHOLE)
    if members and all(member.endswith(".npy") for member in members):
        return refusal(where, "holds NumPy arrays (.npz), not a Keras model", SAVE_WHOLE)
    if any(member.endswith("/data.pkl") for member in members):
        return refusal(where, "is a PyTorch file, not a Keras model", SAVE_WHOLE)
    return refusal(where, "is a zip file, not a Keras model", SAVE_WHOLE)


def _is_text(head: bytes) -> bool:
    try:
        # The cut at 512 bytes may fall inside a character.
        text = head.decode("utf-8", "ignore" if len(head) == 512 else "strict")
    except UnicodeDecodeError:
        return False
    return len(text) > len(head) // 4 and all(c.isprintable() or c.isspace() for c in text)
