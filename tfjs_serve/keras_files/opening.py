"""Whole-model files opened for conversion; `.h5` and `.keras` are told apart by their content."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tfjs_serve.errors import SourceBusyError
from tfjs_serve.keras_files.archive import open_archive
from tfjs_serve.keras_files.archive_layout import read_archive_model
from tfjs_serve.keras_files.hdf5 import Dataset, Group, open_hdf5
from tfjs_serve.keras_files.layout import read_model
from tfjs_serve.keras_files.model import KerasModel, StoredWeight
from tfjs_serve.keras_files.numbers import number_type, widened
from tfjs_serve.keras_files.progress import read_progress
from tfjs_serve.keras_files.readiness import find_signature, open_source
from tfjs_serve.keras_files.reading import Window
from tfjs_serve.keras_files.refusals import display_name, translated
from tfjs_serve.keras_files.strangers import is_keras_archive, stranger
from tfjs_serve.keras_files.wholeness import require_whole
from tfjs_serve.keras_files.zip_end import is_zip


@contextmanager
def open_keras_file(
    source: int | str | os.PathLike[str], name: str | None = None
) -> Iterator[KerasFile]:
    """Open a whole-model file, read its structure, and close it again at the end.

    source: a path, or a descriptor from `open_source`, which stays open and the caller's.
    name: what refusals call the file; by default the last part of the path.

    Takes no lock, so a training process can save over the file meanwhile; ask `readiness.probe`
    before, and compare `Identity` after reading.

    Raises ConversionError with one sentence when the file is not a whole Keras model.
    """
    fd = source if isinstance(source, int) else open_source(source)
    where = name or ("the file" if isinstance(source, int) else display_name(source))
    try:
        require_whole(fd, where)
        if is_zip(fd):
            with _open_archive(fd, where) as file:
                yield file
        elif find_signature(fd) is not None:
            with _open_hdf5(fd, where) as file:
                yield file
        else:
            raise stranger(fd, where)
    finally:
        if not isinstance(source, int):
            os.close(fd)


@contextmanager
def _open_hdf5(fd: int, where: str) -> Iterator[KerasFile]:
    window = Window.whole(fd)
    with open_hdf5(window, where) as root:
        with translated(where):
            model = read_model(root, where, window.nbytes)
        model = replace(model, progress=read_progress(root, model, where))
        yield KerasFile(model, root, fd)


@contextmanager
def _open_archive(fd: int, where: str) -> Iterator[KerasFile]:
    if not is_keras_archive(fd):
        raise stranger(fd, where)
    with (
        open_archive(Window.whole(fd), where) as archive,
        open_hdf5(archive.weights, where) as root,
    ):
        with translated(where):
            model = read_archive_model(archive, root, where)
        model = replace(model, progress=read_progress(root, model, where))
        yield KerasFile(model, root, archive.weights.fd)


class KerasFile:
    """An open model file: its structure, and the values of its weights on demand.

    model: the configs and the handles of all weights.
    fd: the open file that the extents of weights mean; not the source where that was unpacked.
    """

    def __init__(self, model: KerasModel, root: Group, fd: int) -> None:
        self.model = model
        self.fd = fd
        self._root = root
        self._dataset: Dataset | None = None

    def read(self, stored: StoredWeight, start: int, stop: int) -> npt.NDArray[np.generic]:
        """Return the elements `start` to `stop` of a weight, in C order, little endian.

        Returns a one-dimensional array of the type `stored.dtype`, in little-endian order;
        bfloat16, which NumPy does not know, as float32.
        Reads and unpacks no more than the rows of chunks that hold the range.

        Raises ValueError when the range lies outside the weight, ConversionError when the
        file is damaged, SourceBusyError when it became shorter meanwhile.
        """
        count = math.prod(stored.shape)
        if not 0 <= start <= stop <= count:
            raise ValueError(f"{start}:{stop} is no range of {stored.name!r} ({count} elements)")
        if start == stop:
            return np.empty(0, number_type(stored.dtype))
        with translated(self._root.where):
            if self._dataset is None or self._dataset.stored.path != stored.path:
                self._dataset = self._root.open_dataset(stored.path)
            if self._dataset is None or self._dataset.stored.shape != stored.shape:
                raise SourceBusyError(f"{self._root.where} changed while it was read")
            values = self._dataset.read(start, stop)
        return widened(values)
