"""Chunks of HDF5 datasets, unpacked here so that nothing unwritten is ever handed out.

libhdf5 takes a gzip chunk that inflates to too few bytes and leaves the rest of its buffer as it
was: memory of this process would be published. So H5Dread is never used on filtered data.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

# Registered filter numbers: H5Zpublic.h.
DEFLATE = 1
SHUFFLE = 2
FLETCHER32 = 3
SUPPORTED = frozenset({DEFLATE, SHUFFLE, FLETCHER32})
FILTER_NAMES = {
    DEFLATE: "gzip",
    SHUFFLE: "shuffle",
    FLETCHER32: "fletcher32",
    4: "szip",
    32000: "lzf",
}


@dataclass(frozen=True, slots=True)
class Filter:
    """One step of a dataset's pipeline, with its client data (shuffle: the element size)."""

    number: int
    values: tuple[int, ...] = ()


class ChunkReader:
    """Reads flat ranges of a chunked dataset by unpacking whole rows of chunks.

    shape, dtype: of the dataset. chunk: the shape of its chunks.
    read_raw: gives the mask and the stored bytes of the chunk that starts at a position.
    """

    def __init__(
        self,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        chunk: tuple[int, ...],
        filters: Sequence[Filter],
        read_raw: Callable[[tuple[int, ...]], tuple[int, bytes]],
    ) -> None:
        self._shape = shape
        self._dtype = dtype
        self._chunk = chunk
        self._filters = filters
        self._read_raw = read_raw
        self._last: tuple[int, npt.NDArray[Any]] | None = None

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the elements `start` to `stop`, in C order and in the stored byte order.

        Raises ValueError when a chunk is damaged.
        """
        row_items = self._chunk[0] * math.prod(self._shape[1:])
        parts = []
        for row in range(start // row_items, -(-stop // row_items)):
            first = row * row_items
            flat = self._row(row).reshape(-1)
            parts.append(flat[max(start - first, 0) : stop - first])
        return np.concatenate(parts)

    def _row(self, row: int) -> npt.NDArray[Any]:
        """Return one row of chunks as an array; the last one is kept for the next range."""
        if self._last is not None and self._last[0] == row:
            return self._last[1]
        top = row * self._chunk[0]
        height = min(self._chunk[0], self._shape[0] - top)
        values = np.empty((height, *self._shape[1:]), self._dtype)
        chunk_bytes = math.prod(self._chunk) * self._dtype.itemsize
        grid = [-(-length // step) for length, step in zip(values.shape, self._chunk, strict=True)]
        for place in np.ndindex(*grid):
            corner = [i * step for i, step in zip(place, self._chunk, strict=True)]
            mask, raw = self._read_raw((top + corner[0], *corner[1:]))
            data = unpack(raw, mask, self._filters, chunk_bytes)
            block = np.frombuffer(data, self._dtype).reshape(self._chunk)
            window = zip(corner, self._chunk, strict=True)
            target = values[tuple(slice(at, at + step) for at, step in window)]
            target[...] = block[tuple(slice(length) for length in target.shape)]
        self._last = (row, values)
        return values


def unpack(raw: bytes, mask: int, filters: Sequence[Filter], nbytes: int) -> bytes:
    """Undo the filters of one stored chunk and return exactly `nbytes` bytes.

    mask: bit i is set when filter i was skipped for this chunk.
    filters: in the order in which they were applied on writing.

    Raises ValueError when the chunk is damaged or has another size.
    """
    data = raw
    for index in reversed(range(len(filters))):
        if mask >> index & 1:
            continue
        step = filters[index]
        if step.number == DEFLATE:
            data = _inflate(data, nbytes)
        elif step.number == SHUFFLE:
            data = _unshuffle(data, step.values[0] if step.values else 1)
        elif step.number == FLETCHER32:
            data = _checked(data)
        else:
            raise ValueError(f"filter {step.number} is not supported")
    if len(data) != nbytes:
        raise ValueError(f"a chunk holds {len(data)} bytes where {nbytes} were expected")
    return data


def _inflate(data: bytes, nbytes: int) -> bytes:
    # A checksum of four bytes may have been put on before compression.
    limit = nbytes + 4
    stream = zlib.decompressobj()
    try:
        out = stream.decompress(data, limit + 1)
    except zlib.error as error:
        raise ValueError(f"a gzip chunk is damaged ({error})") from error
    if len(out) > limit or not stream.eof:
        raise ValueError(f"a gzip chunk does not inflate to {nbytes} bytes")
    return out


def _unshuffle(data: bytes, size: int) -> bytes:
    if size < 1:
        raise ValueError(f"a shuffle filter has the element size {size}")
    whole = len(data) - len(data) % size
    planes = np.frombuffer(data, np.uint8, count=whole).reshape(size, -1)
    return planes.T.tobytes() + data[whole:]


def _checked(data: bytes) -> bytes:
    """Return data without its checksum (H5checksum.c, H5_checksum_fletcher32)."""
    body, stored = data[:-4], data[-4:]
    words = np.frombuffer(body + b"\0" * (len(body) % 2), ">u2").astype(np.uint64)
    weights = np.arange(len(words), 0, -1, dtype=np.uint64) % 65535
    low = int(words.sum()) % 65535
    high = int((words * weights).sum()) % 65535
    # libhdf5 folds sums so that 65535 stands for 0, hence the comparison modulo 65535. Releases
    # before 1.6.3 stored the halves' bytes swapped, and libhdf5 still takes those.
    plain = (int.from_bytes(stored[:2], "little"), int.from_bytes(stored[2:], "little"))
    swapped = (int.from_bytes(stored[:2], "big"), int.from_bytes(stored[2:], "big"))
    if len(stored) < 4 or all((a % 65535, b % 65535) != (low, high) for a, b in (plain, swapped)):
        raise ValueError("a chunk does not match its checksum")
    return body
