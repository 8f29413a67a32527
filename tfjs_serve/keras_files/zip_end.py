"""Where a zip file says that it ends, told from its last bytes alone.

A writer of zip files puts its directory behind the members and the end record behind that, so
the record is the last thing written: every earlier state of a `.keras` save has none.

Source: APPNOTE.TXT 6.3.10, 4.3.14 to 4.3.16 (PKWARE).
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass

from tfjs_serve.keras_files.reading import read_at

ZIP_SIGNATURE = b"PK\x03\x04"
_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_COMMENT_LIMIT = 0xFFFF


@dataclass(frozen=True, slots=True)
class ZipEnd:
    """The directory of a complete zip file.

    offset, nbytes: where it lies. count: how many members it lists.
    """

    offset: int
    nbytes: int
    count: int


def is_zip(fd: int) -> bool:
    """Tell whether an open file begins as a zip file with members does."""
    return read_at(fd, 0, len(ZIP_SIGNATURE)) == ZIP_SIGNATURE


def find_end(fd: int) -> ZipEnd | None:
    """Return what the end record tells; None when there is none, or nothing it could tell of."""
    size = os.fstat(fd).st_size
    found = _end_before(fd, size, _END.size) or _end_before(fd, size, _END.size + _COMMENT_LIMIT)
    if found is None:
        return None
    end, at = found
    if end.offset + end.nbytes > at:
        return None
    if end.count and read_at(fd, end.offset, 4) != b"PK\x01\x02":
        return None
    return end


def _end_before(fd: int, size: int, span: int) -> tuple[ZipEnd, int] | None:
    """Find the record in the last `span` bytes whose comment reaches exactly to the end."""
    first = max(0, size - span)
    tail = read_at(fd, first, size - first)
    at = tail.rfind(b"PK\x05\x06")
    while at >= 0:
        if at + _END.size <= len(tail):
            _, _, _, _, count, nbytes, offset, comment = _END.unpack_from(tail, at)
            if at + _END.size + comment == len(tail):
                is_large = count == 0xFFFF or 0xFFFFFFFF in (nbytes, offset)
                large = _end_64(fd, first + at) if is_large else None
                return large or (ZipEnd(offset, nbytes, count), first + at)
        at = tail.rfind(b"PK\x05\x06", 0, at)
    return None


def _end_64(fd: int, end_at: int) -> tuple[ZipEnd, int] | None:
    """Return the record of a file with members, or a directory, too large for the short one."""
    data = read_at(fd, max(0, end_at - _LOCATOR.size), _LOCATOR.size)
    if len(data) < _LOCATOR.size:
        return None
    signature, _, at, _ = _LOCATOR.unpack(data)
    record = read_at(fd, at, _END_64.size) if signature == b"PK\x06\x07" else b""
    if len(record) < _END_64.size:
        return None
    signature, _, _, _, _, _, _, count, nbytes, offset = _END_64.unpack(record)
    return (ZipEnd(offset, nbytes, count), at) if signature == b"PK\x06\x06" else None
