"""Files that are no Keras model: each is named for what it is, by its content, not its name."""

from __future__ import annotations

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.archive import members_of
from tfjs_serve.keras_files.reading import Window, read_at
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
    """Return the refusal of a file that is neither HDF5 nor a `.keras` archive.

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
    if b'"weight_map"' in head:  # save_weights(path, max_shard_size=...) of Keras 3.10 and later
        return refusal(where, "lists the shards of weights only (save_weights())", SAVE_WHOLE)
    if _is_text(head):
        return refusal(where, "is a text file, not a Keras model", SAVE_WHOLE)
    return refusal(where, "is no HDF5 file, so no Keras model in .h5 format", SAVE_WHOLE)


def is_keras_archive(fd: int) -> bool:
    """Tell a `.keras` archive, whole or damaged, from other zip files by its members."""
    try:
        members = _zip_members(fd)
    except ConversionError:
        return False
    return "config.json" in members and "metadata.json" in members


def _zip_members(fd: int, where: str = "") -> set[str]:
    """Return the names in a zip file; nothing is unpacked."""
    return set(members_of(Window.whole(fd), where))


def _zip_stranger(fd: int, where: str) -> ConversionError:
    try:
        members = _zip_members(fd, where)
    except ConversionError as error:
        return error
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
