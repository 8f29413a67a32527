"""From the weights of a source file to shard files, hashed on the way.

Contiguous little-endian float32 is copied by offset through one small buffer; anything else is
read as values, cast or quantised, in runs of the same size.
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from tfjs_serve.convert.translation import Tensor
from tfjs_serve.convert.values import BUFFER_BYTES, Source, copyable_offset, fill, slices
from tfjs_serve.layers_format.quantization import largest_error
from tfjs_serve.layers_format.weights import ITEM_BYTES, WEIGHT_TYPE, Piece

THREADS = 2
"""Shards written at once: reading, hashing and writing all release the interpreter lock."""


@dataclass(frozen=True, slots=True)
class Written:
    """A shard file: where it lies, its length and the SHA-256 of its bytes in hex.

    errors: position of a quantised tensor -> its largest error in this shard.
    """

    path: Path
    nbytes: int
    sha256: str
    errors: Mapping[int, float] = field(default_factory=dict)


def tensor_bytes(tensor: Tensor) -> int:
    """Return how many bytes a weight has in a shard."""
    return math.prod(tensor.shape) * _item_bytes(tensor)


def _item_bytes(tensor: Tensor) -> int:
    quantization = tensor.quantization
    return ITEM_BYTES[WEIGHT_TYPE] if quantization is None else quantization.item_bytes


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
    errors: dict[int, float] = {}
    buffer = memoryview(bytearray(BUFFER_BYTES))
    for piece in pieces:
        tensor = tensors[piece.tensor]
        offset = copyable_offset(tensor.values) if tensor.quantization is None else None
        if offset is not None:
            runs = _copied(source.fd, offset, piece, buffer)
        else:
            runs = _encoded(source, tensor, piece, errors)
        for run in runs:
            sha256.update(run)
            nbytes += len(run)
            while run:
                run = run[file.write(run) :]
    return Written(path, nbytes, sha256.hexdigest(), errors)


def _copied(fd: int, offset: int, piece: Piece, buffer: memoryview) -> Iterator[memoryview]:
    """Yield the bytes of a piece, each run valid until the next one is asked for."""
    for start in range(piece.start, piece.stop, len(buffer)):
        run = buffer[: piece.stop - start]
        fill(fd, offset + start, run)
        yield run


def _encoded(
    source: Source, tensor: Tensor, piece: Piece, errors: dict[int, float]
) -> Iterator[memoryview]:
    """Yield the bytes of a piece as `_copied` does, and note the largest error of its tensor."""
    item = _item_bytes(tensor)
    # A shard boundary may fall inside an element: whole elements are read, the rest is cut off.
    first, last = piece.start // item, -(-piece.stop // item)
    at = first * item
    for values in slices(source, tensor.values, first, last):
        if tensor.quantization is None:
            data = values.tobytes()
        else:
            codes = tensor.quantization.encode(values)
            error = largest_error(tensor.quantization.decode(codes), values)
            errors[piece.tensor] = max(error, errors.get(piece.tensor, 0.0))
            data = codes.tobytes()
        yield memoryview(data)[max(piece.start - at, 0) : piece.stop - at]
        at += len(data)
