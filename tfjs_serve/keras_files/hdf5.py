"""Guarded reading of HDF5 files; the only module that imports h5py.

Runs in worker processes only: a malformed file can still crash or hang libhdf5 itself. What is
guarded here is what a well-formed but hostile file asks for: other files' bytes (links, external
storage, virtual datasets), code (filter plug-ins), memory.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import SourceBusyError
from tfjs_serve.keras_files.chunks import ChunkReader, Filter
from tfjs_serve.keras_files.model import Extent
from tfjs_serve.keras_files.numbers import widened
from tfjs_serve.keras_files.reading import Window
from tfjs_serve.keras_files.refusals import SAVE_AGAIN, refusal, translated
from tfjs_serve.keras_files.storage import Layout, Storage, Stored, accept

if "h5py" not in sys.modules:
    # Read once, when libhdf5 is loaded. Locks would make a training process fail to save and
    # lose its file; plug-ins are shared libraries that a file may name.
    os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
    os.environ["HDF5_PLUGIN_PRELOAD"] = "::"

import h5py
from h5py import h5a, h5d, h5g, h5l, h5o, h5s, h5t

TEXT_LIMIT = 64 << 20
NAMES_LIMIT = 100_000
_NUMBERS: tuple[tuple[Any, str], ...] = tuple(
    (getattr(h5t, f"{prefix}{8 * size}{end}E"), f"{order if size > 1 else '|'}{kind}{size}")
    for prefix, kind, sizes in (
        ("IEEE_F", "f", (4, 2, 8)),
        ("STD_I", "i", (1, 2, 4, 8)),
        ("STD_U", "u", (1, 2, 4, 8)),
    )
    for size in sizes
    for end, order in (("L", "<"), ("B", ">"))
)


@contextmanager
def open_hdf5(window: Window, where: str) -> Iterator[Group]:
    """Give the root group of an HDF5 file that lies in a window of an open file.

    where: the file's name as people read it.

    Raises ConversionError when it is damaged. Takes no lock.
    """
    with translated(where):
        # A Python file, not a path: the very file that was probed, even when renamed meanwhile,
        # and a driver of libhdf5 that knows no locks. With the write flag set, too: unlike a
        # path, a Python file is not refused for it, and whether the writer is gone is what
        # `readiness` found out.
        file = h5py.File(window.as_file(), "r", locking=False)
    try:
        with translated(where):
            root = Group(h5g.open(file.id, b"/"), "", where, window)
        yield root
    finally:
        file.close()


class Group:
    """A group reached through hard links only; implements the `Group` of `layout`."""

    def __init__(self, gid: Any, path: str, where: str, window: Window) -> None:
        self._id = gid
        self.path = path
        self.where = where
        self._window = window

    def text(self, name: str) -> str | None:
        """Return a scalar string attribute; None when there is none."""
        value = self._strings(name, rank=0)
        return None if value is None else self._decoded(value, name)

    def names(self, name: str) -> tuple[str, ...] | None:
        """Return a one-dimensional string attribute; None when there is none."""
        values = self._strings(name, rank=1)
        return None if values is None else tuple(self._decoded(v, name) for v in values)

    def has(self, name: str) -> bool:
        """Tell whether anything is linked under that name, by whatever kind of link."""
        return bool(self._id.links.exists(name.encode()))

    def group(self, path: str) -> Group | None:
        """Return the group at a relative path; None when nothing is there."""
        found = self._found(path, h5g.GroupID, "group")
        if found is None:
            return None
        return Group(found, self._joined(path), self.where, self._window)

    def members(self) -> tuple[str, ...]:
        """Return the names linked in this group, in byte order."""
        if self._id.get_num_objs() > NAMES_LIMIT:
            raise refusal(self.where, f"has too many members in {self.path!r}", SAVE_AGAIN)
        try:
            return tuple(sorted(name.decode("utf-8") for name in self._id))
        except UnicodeDecodeError as error:
            why = f"has a name in {self.path!r} that is not UTF-8"
            raise refusal(self.where, why, SAVE_AGAIN) from error

    def dataset(self, path: str) -> Stored | None:
        """Return what is known of the dataset at a relative path; None when nothing is there."""
        found = self.open_dataset(path)
        return None if found is None else found.stored

    def open_dataset(self, path: str) -> Dataset | None:
        """Return the dataset at a relative path; None when nothing is there."""
        found = self._found(path, h5d.DatasetID, "dataset")
        if found is None:
            return None
        return Dataset(found, self._joined(path), self.where, self._window)

    def number(self, path: str) -> float | None:
        """Return the value of a scalar dataset of numbers; None when there is no such thing."""
        found = self.open_dataset(path)
        if found is None or found.stored.shape != ():
            return None
        return float(widened(found.read(0, 1))[0])

    def _found(self, path: str, kind: type, noun: str) -> Any:
        found = self._id
        for part in _parts(path):
            if not isinstance(found, h5g.GroupID) or not found.links.exists(part):
                return None
            if found.links.get_info(part).type != h5l.TYPE_HARD:
                why = f"reaches {self._joined(path)!r} by a soft or external link"
                raise refusal(self.where, why, "links are never followed: " + SAVE_AGAIN)
            found = h5o.open(found, part)
        if not isinstance(found, kind):
            raise refusal(self.where, f"has no {noun} at {self._joined(path)!r}", SAVE_AGAIN)
        return found

    def _joined(self, path: str) -> str:
        return f"{self.path}/{path}" if self.path else path

    def _strings(self, name: str, rank: int) -> Any:
        """Return the raw value of a string attribute: str or bytes, or a list of them."""
        if not h5a.exists(self._id, name.encode()):
            return None
        attribute = h5a.open(self._id, name.encode())
        space = attribute.get_space()
        count = space.get_simple_extent_npoints()
        is_simple = space.get_simple_extent_type() in (h5s.SCALAR, h5s.SIMPLE)
        if is_simple and len(attribute.shape) == rank:
            if count == 0:
                return []  # Keras writes an empty list as an array of float64.
            if isinstance(attribute.get_type(), h5t.TypeStringID) and count <= NAMES_LIMIT:
                value = h5py.AttributeManager(h5py.Group(self._id))[name]
                return value if rank == 0 else value.tolist()
        what = "a text" if rank == 0 else "a list of texts"
        why = f"has an attribute {name} that is not {what} (shape {attribute.shape})"
        raise refusal(self.where, why, SAVE_AGAIN)

    def _decoded(self, value: str | bytes, name: str) -> str:
        # h5py hands on bytes that are not UTF-8 as surrogates.
        raw = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
        if len(raw) > TEXT_LIMIT:
            raise refusal(self.where, f"has an attribute {name} of {len(raw)} bytes", SAVE_AGAIN)
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError as error:
            why = f"has an attribute {name} that is not UTF-8"
            raise refusal(self.where, why, SAVE_AGAIN) from error


class Dataset:
    """A dataset whose storage has been accepted."""

    def __init__(self, dataset: Any, path: str, where: str, window: Window) -> None:
        self._id = dataset
        self._where = where
        self._storage = _storage(dataset)
        self._window = window
        self.stored = _placed(accept(self._storage, path, where, window.nbytes), window.offset)
        self._chunks = self._chunk_reader() if self._storage.chunk else None

    def read(self, start: int, stop: int) -> npt.NDArray[Any]:
        """Return the flat elements `start` to `stop`, in the stored byte order."""
        dtype = np.dtype(self.stored.dtype)
        if self._chunks is not None:
            return self._chunks.read(start, stop)
        if self._storage.layout is Layout.COMPACT:
            values = np.zeros(self.stored.shape, dtype)
            self._id.read(h5s.ALL, h5s.ALL, values, self._id.get_type())
            return values.reshape(-1)[start:stop]
        count = (stop - start) * dtype.itemsize
        data = self._window.read((self._storage.offset or 0) + start * dtype.itemsize, count)
        if len(data) < count:
            raise SourceBusyError(f"{self._where} became shorter while it was read")
        return np.frombuffer(data, dtype)

    def _chunk_reader(self) -> ChunkReader:
        stored, storage = self.stored, self._storage

        def read_raw(position: tuple[int, ...]) -> tuple[int, bytes]:
            mask, raw = self._id.read_direct_chunk(position)
            return mask, bytes(raw)

        dtype = np.dtype(stored.dtype)
        return ChunkReader(stored.shape, dtype, storage.chunk, storage.filters, read_raw)


def _placed(stored: Stored, base: int) -> Stored:
    """Return a dataset of a file that begins at `base`."""
    extent = stored.extent
    return replace(stored, extent=extent and Extent(extent.offset + base, extent.nbytes))


def _storage(dataset: Any) -> Storage:
    """Ask libhdf5 how a dataset is stored; none of its values are read."""
    plist = dataset.get_create_plist()
    layout = Layout(plist.get_layout())
    space = dataset.get_space()
    has_shape = space.get_simple_extent_type() in (h5s.SCALAR, h5s.SIMPLE)
    filters = [plist.get_filter(i) for i in range(plist.get_nfilters())]
    is_chunked = layout is Layout.CHUNKED
    return Storage(
        shape=tuple(map(int, space.get_simple_extent_dims())) if has_shape else None,
        dtype=_type_string(dataset.get_type()),
        layout=layout,
        stored_bytes=int(dataset.get_storage_size()),
        offset=dataset.get_offset() if layout is Layout.CONTIGUOUS else None,
        is_external=plist.get_external_count() > 0,
        filters=tuple(Filter(number, tuple(values)) for number, _, values, _ in filters),
        chunk=tuple(map(int, plist.get_chunk())) if is_chunked else (),
        chunk_count=dataset.get_num_chunks() if is_chunked else 0,
    )


def _type_string(found: Any) -> str | None:
    for known, name in _NUMBERS:
        if found == known:
            return name
    if isinstance(found, h5t.TypeEnumID) and found.dtype == np.dtype(bool):
        return "|b1"
    # bfloat16: NumPy knows it as two bytes without a meaning, so h5py writes it opaque.
    if isinstance(found, h5t.TypeOpaqueID) and found.get_size() == 2:
        return "|V2"
    return None


def _parts(path: str) -> list[bytes]:
    # As libhdf5 reads a path: empty parts and '.' stand for the group itself.
    return [part.encode() for part in path.split("/") if part not in ("", ".")]
