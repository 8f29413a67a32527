"""Guarded reading of `.keras` archives: a zip file of two JSON texts and an HDF5 file.

Nothing is ever extracted by name. Three members and the vocabularies of layers are found by their
exact names, checked against their local headers and their checksums, and the weights are read
where they lie: Keras stores them as they are. Only an archive that somebody packed again is
unpacked, into a file without a name that goes away with the process.

Source: keras/src/saving/saving_lib.py, `_save_model_to_fileobj` (Keras 2.13 to 3).
"""

from __future__ import annotations

import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.reading import STEP_BYTES, Window
from tfjs_serve.keras_files.refusals import SAVE_AGAIN_ARCHIVE, SAVE_WHOLE, refusal
from tfjs_serve.keras_files.zip_end import find_end

METADATA, CONFIG, WEIGHTS = "metadata.json", "config.json", "model.weights.h5"
PACKED_WEIGHTS = "model.weights.npz"
ASSETS, VOCABULARY = "assets/", "/vocabulary.txt"
"""What stands around the path of a layer in the name of the member with its vocabulary.

Source: keras/src/layers/preprocessing/index_lookup.py, `save_assets`.
"""

DIRECTORY_LIMIT = 64 << 20
TEXT_LIMIT = 64 << 20
VOCABULARIES_LIMIT = 16 << 20
"""Bytes of all vocabularies together."""

VOCABULARIES_COUNT = 1000
WEIGHTS_LIMIT = 16 << 30
RATIO_LIMIT = 200
"""Bytes that one packed byte may stand for in members above RATIO_FREE_BYTES."""

RATIO_FREE_BYTES = 16 << 20
_LOCAL = struct.Struct("<4s5H3L2H")
_IS_ENCRYPTED, _HAS_SIZES_BEHIND = 1, 8


@dataclass(frozen=True, slots=True)
class Member:
    """A member that passed: its stored bytes lie inside the archive, before the directory.

    nbytes: its size when unpacked. crc: CRC-32 of the unpacked bytes.
    """

    name: str
    window: Window
    is_packed: bool
    nbytes: int
    crc: int


@dataclass(frozen=True, slots=True)
class Archive:
    """What a `.keras` archive holds.

    weights: the HDF5 file, in the archive itself or in a file without a name.
    vocabularies: texts by the paths of their layers, as in `layers/integer_lookup`.
    """

    metadata: str
    config: str
    weights: Window
    vocabularies: Mapping[str, str]


def members_of(window: Window, where: str) -> list[str]:
    """Return the names of all members; ConversionError when the directory is damaged."""
    return [info.filename for info in _directory(window, where)]


@contextmanager
def open_archive(window: Window, where: str) -> Iterator[Archive]:
    """Check an archive and give what is in it; an unpacked file is gone at the end.

    where: the file's name as people read it.

    Raises ConversionError when the archive is none of Keras's, damaged or hostile,
    SourceBusyError when it became shorter while it was read.
    """
    infos = _directory(window, where)
    texts = [_member(infos, window, name, where) for name in (METADATA, CONFIG)]
    if any(info.filename == PACKED_WEIGHTS for info in infos):
        raise refusal(where, "keeps its weights as NumPy arrays (.npz)", SAVE_AGAIN_ARCHIVE)
    weights = _member(infos, window, WEIGHTS, where)
    vocabularies = _vocabularies(infos, window, where)
    _check_apart([*texts, *vocabularies.values(), weights], where)
    metadata, config = (_text(member, where) for member in texts)
    words = {path: _text(member, where) for path, member in vocabularies.items()}
    if not weights.is_packed:
        _check(weights, _crc(weights.window.steps()), weights.window.nbytes, where)
        yield Archive(metadata, config, weights.window, words)
        return
    with tempfile.TemporaryFile(prefix="tfjs-serve-") as file:
        _unpack(weights, file, where)
        yield Archive(metadata, config, Window(file.fileno(), 0, weights.nbytes), words)


def _directory(window: Window, where: str) -> list[zipfile.ZipInfo]:
    end = find_end(window.fd)
    if end is None:
        raise refusal(where, "is a damaged zip file (it has no end)", "copy the model again")
    if end.nbytes > DIRECTORY_LIMIT:
        raise refusal(where, f"lists {end.count} zip members", SAVE_AGAIN_ARCHIVE)
    try:
        with zipfile.ZipFile(window.as_file()) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, RuntimeError, struct.error) as error:
        raise refusal(where, f"is a damaged zip file ({error})", SAVE_AGAIN_ARCHIVE) from error


def _member(infos: list[zipfile.ZipInfo], window: Window, name: str, where: str) -> Member:
    """Return the only member of a name, its stored bytes found through its local header."""
    found = [info for info in infos if info.filename == name]
    if not found:
        raise refusal(where, f"is a zip file without {name}, not a Keras model", SAVE_WHOLE)
    if len(found) > 1:
        raise _refused(name, "is there twice", where)
    info = found[0]
    if info.flag_bits & _IS_ENCRYPTED:
        raise _refused(name, "is encrypted", where)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _refused(name, f"is packed by method {info.compress_type}", where)
    header = window.read(info.header_offset, _LOCAL.size)
    if len(header) < _LOCAL.size:
        raise _refused(name, "begins beyond the end of the file", where)
    signature, _, flags, method, _, _, crc, stored, size, name_bytes, extra = _LOCAL.unpack(header)
    start = info.header_offset + _LOCAL.size + name_bytes + extra
    local_name = window.read(info.header_offset + _LOCAL.size, name_bytes)
    sizes_agree = (
        crc == info.CRC
        and stored in (info.compress_size, 0xFFFFFFFF)
        and size in (info.file_size, 0xFFFFFFFF)
    )
    if (
        signature != b"PK\x03\x04"
        or local_name != name.encode()
        or method != info.compress_type
        or flags & _IS_ENCRYPTED
        or not (sizes_agree or flags & _HAS_SIZES_BEHIND)
    ):
        raise _refused(name, "has a header that contradicts the directory", where)
    is_packed = info.compress_type == zipfile.ZIP_DEFLATED
    if start + info.compress_size > window.nbytes:
        raise _refused(name, "reaches beyond the end of the file", where)
    if not is_packed and info.compress_size != info.file_size:
        raise _refused(name, "has two sizes", where)
    limit = WEIGHTS_LIMIT if name == WEIGHTS else TEXT_LIMIT
    is_bomb = (
        is_packed
        and info.file_size > RATIO_FREE_BYTES
        and info.file_size > RATIO_LIMIT * info.compress_size
    )
    # Stored bytes need no limit of their own: they are there.
    if is_bomb or (info.file_size > limit and (is_packed or name != WEIGHTS)):
        raise _refused(name, f"declares {info.file_size} bytes", where)
    place = Window(window.fd, window.offset + start, info.compress_size)
    return Member(name, place, is_packed, info.file_size, info.CRC)


def _vocabularies(infos: list[zipfile.ZipInfo], window: Window, where: str) -> dict[str, Member]:
    """Return the vocabularies by the paths of their layers; the paths are never opened."""
    found = [
        info
        for info in infos
        if info.filename.startswith(ASSETS) and info.filename.endswith(VOCABULARY)
    ]
    if len(found) > VOCABULARIES_COUNT:
        raise refusal(where, f"holds {len(found)} vocabularies", SAVE_AGAIN_ARCHIVE)
    members = [_member(found, window, info.filename, where) for info in found]
    nbytes = sum(member.nbytes for member in members)
    if nbytes > VOCABULARIES_LIMIT:
        why = f"holds vocabularies of {nbytes} bytes, more than {VOCABULARIES_LIMIT}"
        raise refusal(where, why, "adapt the layers to fewer tokens and save it again")
    return {member.name.removeprefix(ASSETS).removesuffix(VOCABULARY): member for member in members}


def _check_apart(members: list[Member], where: str) -> None:
    """Refuse members that share bytes: one text would be read as a part of another."""
    end = 0
    for member in sorted(members, key=lambda member: member.window.offset):
        if member.window.offset < end:
            raise _refused(member.name, "lies inside another member", where)
        end = member.window.offset + member.window.nbytes


def _text(member: Member, where: str) -> str:
    """Return a member as text; it is small enough to be held at once."""
    data = b"".join(_unpacked(member, where) if member.is_packed else member.window.steps())
    _check(member, zlib.crc32(data), len(data), where)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _refused(member.name, "is not UTF-8", where) from error


def _unpack(member: Member, file: IO[bytes], where: str) -> None:
    crc = nbytes = 0
    for data in _unpacked(member, where):
        crc = zlib.crc32(data, crc)
        nbytes += len(data)
        file.write(data)
    file.flush()
    _check(member, crc, nbytes, where)


def _unpacked(member: Member, where: str) -> Iterator[bytes]:
    """Yield the inflated bytes in short runs, never more than the member declares."""
    stream = zlib.decompressobj(-zlib.MAX_WBITS)
    left = member.nbytes
    try:
        for step in member.window.steps():
            pending = step
            while pending and not stream.eof:
                data = stream.decompress(pending, STEP_BYTES)
                left -= len(data)
                if left < 0:
                    raise _refused(member.name, "is longer than it declares", where)
                yield data
                pending = stream.unconsumed_tail
        yield stream.flush() if not stream.eof else b""
    except zlib.error as error:
        raise _refused(member.name, f"is damaged ({error})", where) from error


def _crc(steps: Iterator[bytes]) -> int:
    crc = 0
    for data in steps:
        crc = zlib.crc32(data, crc)
    return crc


def _check(member: Member, crc: int, nbytes: int, where: str) -> None:
    whole = Window.whole(member.window.fd)
    if member.window.offset + member.window.nbytes > whole.nbytes:
        raise SourceBusyError(f"{where} became shorter while it was read")
    if crc != member.crc or nbytes != member.nbytes:
        raise _refused(member.name, "does not match its checksum", where)


def _refused(name: str, why: str, where: str) -> ConversionError:
    return refusal(where, f"holds a {name} that {why}", SAVE_AGAIN_ARCHIVE)
