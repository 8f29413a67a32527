"""The values of a weight, a slice at a time, never a whole tensor that lies in the file."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import ConversionError, Reason, SourceBusyError
from tfjs_serve.graph import Computed, Values, stored_weights
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.keras_files.opening import KerasFile
from tfjs_serve.layers_format.weights import ITEM_BYTES, WEIGHT_TYPE

Array: TypeAlias = npt.NDArray[Any]

BUFFER_BYTES = 512 * 1024
"""Fits the second-level cache; larger buffers were slower."""


@dataclass(frozen=True, slots=True)
class Source:
    """An open model file: `fd` for bytes that are copied, `file` for values that are cast.

    lock: held while `file` is read, which remembers the dataset and the chunks it read last.
    """

    fd: int
    file: KerasFile
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def read(self, stored: StoredWeight, start: int, stop: int) -> Array:
        """Return the flat elements `start` to `stop` of a stored weight; for any thread."""
        with self.lock:
            return self.file.read(stored, start, stop)


def copyable_offset(values: Values) -> int | None:
    """Return where values lie in the file as a shard has them; None when they must be cast."""
    if not isinstance(values, StoredWeight) or values.extent is None:
        return None
    return values.extent.offset if values.dtype == WEIGHT_TYPE else None


def slices(source: Source, values: Values, start: int, stop: int) -> Iterator[Array]:
    """Yield the flat float32 elements `start` to `stop`, each array valid until the next one."""
    item = ITEM_BYTES[WEIGHT_TYPE]
    step = BUFFER_BYTES // item
    if not isinstance(values, StoredWeight):
        whole = _computed(source, values).reshape(-1)
        for at in range(start, stop, step):
            yield whole[at : min(stop, at + step)]
        return
    offset = copyable_offset(values)
    buffer = memoryview(bytearray(BUFFER_BYTES if offset is not None else 0))
    for at in range(start, stop, step):
        end = min(stop, at + step)
        if offset is None:
            yield source.read(values, at, end).astype(WEIGHT_TYPE, copy=False)
        else:
            part = buffer[: (end - at) * item]
            fill(source.fd, offset + at * item, part)
            yield np.frombuffer(part, WEIGHT_TYPE)


def _computed(source: Source, values: Values) -> Array:
    """Return a whole tensor: computations need all of their sources at once."""
    if isinstance(values, StoredWeight):
        whole = source.read(values, 0, math.prod(values.shape)).reshape(values.shape)
        return whole.astype(WEIGHT_TYPE, copy=False)
    given = [_computed(source, item) for item in values.sources]
    try:
        array = np.ascontiguousarray(values.compute(*given), WEIGHT_TYPE)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise _unfit(values, f"{type(error).__name__}: {error}") from error
    if array.shape != values.shape:
        raise _unfit(values, f"made {array.shape}, expected {values.shape}")
    return array


def _unfit(values: Computed, cause: str) -> ConversionError:
    """Return the refusal of stored weights of other shapes than the rules were told.

    Raises RuntimeError where nothing is stored: then the fault is a rule's.
    """
    names = ", ".join(repr(stored.name) for stored in stored_weights(values))
    if not names:
        raise RuntimeError(f"{values.key}: {cause}")
    reason = Reason(f"the weights {names} do not have the shapes of their layer ({cause})")
    return ConversionError(str(reason), (reason,))


def fill(fd: int, offset: int, buffer: memoryview) -> None:
    """Read bytes of the file from `offset` on; SourceBusyError when it ends before."""
    while buffer:
        count = _read_into(fd, buffer, offset)
        if not count:
            raise SourceBusyError("the file became shorter while it was read")
        offset += count
        buffer = buffer[count:]


if hasattr(os, "preadv"):

    def _read_into(fd: int, buffer: memoryview, offset: int) -> int:
        return os.preadv(fd, [buffer], offset)

else:

    def _read_into(fd: int, buffer: memoryview, offset: int) -> int:
        from tfjs_serve.keras_files.reading import read_at

        data = read_at(fd, offset, len(buffer))
        buffer[: len(data)] = data
        return len(data)
