"""From the bytes of a source file to shard files, hashed on the way, never a whole tensor.

Contiguous little-endian float32 is copied by offset through one small buffer; anything else is
read through HDF5 in runs of the same size and cast.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from tfjs_serve.convert.translation import Tensor
from tfjs_serve.errors import SourceBusyError
from tfjs_serve.graph import Computed, Values
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.keras_files.opening import KerasFile
from tfjs_serve.layers_format.weights import ITEM_BYTES, WEIGHT_TYPE, Piece

Array: TypeAlias = npt.NDArray[Any]

BUFFER_BYTES = 256 * 1024
"""Fits the second-level cache; larger buffers were slower."""

THREADS = 2
"""Shards written at once: reading, hashing and writing all release the interpreter lock."""


@dataclass(frozen=True, slots=True)
class Written:
    """A shard file: where it lies, its length and the SHA-256 of its bytes in hex."""

    path: Path
    nbytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Source:
    """An open model file: `fd` for bytes that are copied, `file` for values that are cast."""

    fd: int
    file: KerasFile


def tensor_bytes(tensor: Tensor) -> int:
    """Return how many bytes a weight has in a shard."""
    return math.prod(tensor.shape) * ITEM_BYTES[WEIGHT_TYPE]


def write_shards(
    source: Source,
    tensors: Sequence[Tensor],
    shards: Sequence[Sequence[Piece]],
    path_of: Callable[[int], Path],
) -> list[Written]:
    """Write every shard to `path_of(index)` and return them in order.

    Raises SourceBusyError when the source became shorter; files written so far stay.
    """

    def write(index: int) -> Written:
        path = path_of(index)
        with path.open("wb", buffering=0) as file:
            return _write_shard(source, tensors, shards[index], path, file)

    if len(shards) <= 1:
        return [write(index) for index in range(len(shards))]
    with ThreadPoolExecutor(min(THREADS, os.cpu_count() or 1)) as pool:
        return list(pool.map(write, range(len(shards))))


def _write_shard(
    source: Source,
    tensors: Sequence[Tensor],
    pieces: Sequence[Piece],
    path: Path,
    file: BinaryIO,
) -> Written:
    sha256 = hashlib.sha256()
    nbytes = 0
    buffer = memoryview(bytearray(BUFFER_BYTES))
    for piece in pieces:
        for run in _runs(source, tensors[piece.tensor].values, piece, buffer):
            sha256.update(run)
            nbytes += len(run)
            while run:
                run = run[file.write(run) :]
    return Written(path, nbytes, sha256.hexdigest())


def _runs(source: Source, values: Values, piece: Piece, buffer: memoryview) -> Iterator[memoryview]:
    """Yield the bytes of a piece, each run valid until the next one is asked for."""
    if isinstance(values, Computed):
        data = _computed(source.file, values).tobytes()
        yield memoryview(data)[piece.start : piece.stop]
    elif values.extent is not None and values.dtype == WEIGHT_TYPE:
        yield from _copied(source.fd, values.extent.offset + piece.start, piece, buffer)
    else:
        yield from _cast(source.file, values, piece, WEIGHT_TYPE)


def _computed(file: KerasFile, values: Values) -> Array:
    """Return a whole tensor: computations need all of their sources at once."""
    if isinstance(values, StoredWeight):
        whole = file.read(values, 0, math.prod(values.shape)).reshape(values.shape)
        return whole.astype(WEIGHT_TYPE, copy=False)
    result = values.compute(*(_computed(file, source) for source in values.sources))
    array = np.ascontiguousarray(result, WEIGHT_TYPE)
    if array.shape != values.shape:
        raise RuntimeError(f"{values.key}: computed shape {array.shape}, not {values.shape}")
    return array


def _copied(fd: int, offset: int, piece: Piece, buffer: memoryview) -> Iterator[memoryview]:
    left = piece.stop - piece.start
    while left:
        count = _read_into(fd, buffer[: min(left, len(buffer))], offset)
        if not count:
            raise SourceBusyError("the file became shorter while it was read")
        yield buffer[:count]
        offset += count
        left -= count


if hasattr(os, "preadv"):

    def _read_into(fd: int, buffer: memoryview, offset: int) -> int:
        return os.preadv(fd, [buffer], offset)

else:

    def _read_into(fd: int, buffer: memoryview, offset: int) -> int:
        from tfjs_serve.keras_files.reading import read_at

        data = read_at(fd, offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)


def _cast(file: KerasFile, stored: StoredWeight, piece: Piece, target: str) -> Iterator[memoryview]:
    item = ITEM_BYTES[target]
    # A shard boundary may fall inside an element: whole elements are read, the rest is cut off.
    first, last = piece.start // item, -(-piece.stop // item)
    step = BUFFER_BYTES // item
    for start in range(first, last, step):
        stop = min(last, start + step)
        data = file.read(stored, start, stop).astype(target, copy=False).tobytes()
        low = max(piece.start - start * item, 0)
        high = min(piece.stop - start * item, len(data))
        yield memoryview(data)[low:high]
