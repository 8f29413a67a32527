"""How one dataset lies in its file, and whether it may be published."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

import numpy as np

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.chunks import DEFLATE, FILTER_NAMES, SUPPORTED, Filter
from tfjs_serve.keras_files.model import Extent
from tfjs_serve.keras_files.refusals import SAVE_AGAIN, refusal

CHUNKS_LIMIT = 20_000
# Deflate makes at most 1,032 bytes of one (zlib.net/zlib_tech.html).
DEFLATE_RATIO_LIMIT = 1100


class Layout(Enum):
    """HDF5's storage layouts (H5Dpublic.h, H5D_layout_t)."""

    COMPACT = 0
    CONTIGUOUS = 1
    CHUNKED = 2
    VIRTUAL = 3


@dataclass(frozen=True, slots=True)
class Storage:
    """What libhdf5 tells of a dataset without reading its values.

    shape: None when the dataset has no extent at all.
    dtype: NumPy type string; None when the type is none of the accepted ones.
    is_external: the values lie in other files.
    stored_bytes: what the values occupy, after packing.
    offset: of contiguous values in the file, None when nothing was written.
    chunk, chunk_count: shape and number of the chunks; () and 0 for other layouts.
    """

    shape: tuple[int, ...] | None
    dtype: str | None
    layout: Layout
    stored_bytes: int
    offset: int | None = None
    is_external: bool = False
    filters: tuple[Filter, ...] = ()
    chunk: tuple[int, ...] = ()
    chunk_count: int = 0


@dataclass(frozen=True, slots=True)
class Stored:
    """A dataset that passed: every declared byte is there, and in this file.

    extent: as in StoredWeight; None when the values must be read through HDF5.
    """

    path: str
    shape: tuple[int, ...]
    dtype: str
    nbytes: int
    extent: Extent | None


def accept(storage: Storage, path: str, where: str, file_bytes: int) -> Stored:
    """Return the dataset at `path` as a value, or raise ConversionError with the reason.

    where: the file's name as people read it. file_bytes: its size.
    """

    def refused(why: str, remedy: str = SAVE_AGAIN) -> ConversionError:
        return refusal(where, f"has a weight {path!r} that {why}", remedy)

    if storage.is_external or storage.layout is Layout.VIRTUAL:
        raise refused("keeps its values in other files, which are never read")
    if storage.dtype is None:
        raise refused("is stored as neither numbers nor booleans")
    if storage.shape is None:
        raise refused("has no shape")
    numbers = [step.number for step in storage.filters]
    for number in numbers:
        if number not in SUPPORTED or numbers.count(number) > 1:
            label = FILTER_NAMES.get(number, f"filter {number}")
            remedy = "unpack it with 'h5repack -f NONE' or save the model again"
            raise refused(f"is packed with {label}, which is not supported here", remedy)
    itemsize = np.dtype(storage.dtype).itemsize
    nbytes = math.prod(storage.shape) * itemsize
    if nbytes == 0:
        return Stored(path, storage.shape, storage.dtype, 0, Extent(0, 0))
    needed = nbytes
    if storage.layout is Layout.CHUNKED:
        grid = zip(storage.shape, storage.chunk, strict=True)
        count = math.prod(-(-length // step) for length, step in grid)
        if count > CHUNKS_LIMIT:
            raise refused(f"is cut into {count} chunks; {CHUNKS_LIMIT} are accepted")
        if storage.chunk_count != count:
            raise refused("was never written completely")
        needed = count * math.prod(storage.chunk) * itemsize
        if DEFLATE in numbers:
            needed = -(-needed // DEFLATE_RATIO_LIMIT)
    if not needed <= storage.stored_bytes <= file_bytes:
        raise refused(f"declares {nbytes} bytes but stores {storage.stored_bytes}")
    extent = None
    if storage.layout is Layout.CONTIGUOUS:
        if storage.offset is None or storage.offset + nbytes > file_bytes:
            raise refused("lies beyond the end of the file")
        if not storage.dtype.startswith(">"):
            extent = Extent(storage.offset, nbytes)
    return Stored(path, storage.shape, storage.dtype, nbytes, extent)
