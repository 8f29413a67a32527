"""Damaged and hostile model files: valid ones of both Kerases with changed metadata.

The values of weights are left alone, a change there is only another weight. What is changed is
what libhdf5 and zipfile follow: superblock, headers, heaps, link names, attributes, directories.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np

FIXTURES = Path(__file__).parents[1] / "fixtures"
WEIGHTS = "model.weights.h5"
CANARY = b"canary:d41d8cd98"
"""What lies in another file, again and again: any 31 bytes of that file hold it once."""

_BASE_BYTES = 40_000
_NUMBERS = (0, 1, 2, 7, 8, 63, 96, 127, 128, 255, 256, 4095, 65535, 2**24, 2**31, 2**32 - 1)
_LONG = (*_NUMBERS, 2**40, 2**63, 2**64 - 1)


@dataclass(frozen=True, slots=True)
class Base:
    """A file to be changed: its name, its bytes, and which of them are metadata."""

    name: str
    data: bytes
    places: tuple[range, ...]

    @property
    def is_archive(self) -> bool:
        """Tell a `.keras` archive."""
        return self.data.startswith(b"PK")


def fixture_bases(fixtures: Path = FIXTURES) -> list[Base]:
    """Return the small fixtures of both Kerases, in both containers."""
    packed = sorted(fixtures.glob("keras[23]/*.gz"))
    files = [(path, gzip.decompress(path.read_bytes())) for path in packed]
    return [
        _base(f"{path.parent.name}-{path.stem}", data)
        for path, data in files
        if len(data) <= _BASE_BYTES
    ]


def write_canary(path: Path) -> Path:
    """Write the file that nothing may be published of, an HDF5 file with the dataset `d`."""
    with h5py.File(path, "w") as file:
        file["d"] = np.frombuffer(CANARY * 1000, "<f4")
    return path


def hostile_bases(canary: Path) -> list[Base]:
    """Return files that try to have the canary's bytes published, and some strange ones."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.h5"
        for name, put in _KERNELS.items():
            _write_dense(path, lambda file, put=put: put(file, canary))  # type: ignore[misc]
            found.append(_base(f"hostile-{name}", path.read_bytes()))
    return found


def mutated(base: Base, rng: random.Random) -> bytes:
    """Return a file with one to eight changes."""
    if base.is_archive and rng.random() < 0.7:
        return _with_changed_member(base.data, rng)
    data = bytearray(base.data)
    for _ in range(rng.randint(1, 8)):
        _change(data, base.places, rng)
    return bytes(data)


def _with_changed_member(data: bytes, rng: random.Random) -> bytes:
    """Change what is in an archive, its checksums put right: libhdf5 gets to see it."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    name = WEIGHTS if rng.random() < 0.7 else rng.choice(sorted(members))
    content = members[name]
    places = _metadata(content) if name == WEIGHTS else (range(len(content)),)
    changed = bytearray(content)
    for _ in range(rng.randint(1, 8)):
        _change(changed, places, rng)
    members[name] = bytes(changed)
    out = io.BytesIO()
    method = rng.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))
    with zipfile.ZipFile(out, "w", method) as archive:
        for member, part in members.items():
            archive.writestr(member, part)
    return out.getvalue()


def _change(data: bytearray, places: tuple[range, ...], rng: random.Random) -> None:
    place = rng.choices(places, weights=[len(place) for place in places])[0]
    at = min(rng.choice(place), len(data) - 1)
    if at < 0:
        return
    kind = rng.randrange(6)
    if kind == 0:
        data[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        data[at] = rng.randrange(256)
    elif kind == 2:
        width = rng.choice("HIQ")
        most = 2 ** (8 * struct.calcsize(width)) - 1
        value = struct.pack(f"<{width}", min(rng.choice(_LONG), most))
        data[at : at + len(value)] = value[: len(data) - at]
    elif kind == 3:  # One address for another.
        to = min(rng.choice(rng.choice(places)), len(data) - 1) & ~7
        data[at & ~7 : (at & ~7) + 8] = data[to : to + 8].ljust(8, b"\0")
    elif kind == 4:
        length = rng.choice((4, 16, 64, 512))
        data[at : at + length] = bytes(len(data[at : at + length]))
    elif rng.random() < 0.3:
        del data[at:]
    else:
        data[at] = (data[at] + rng.choice((-1, 1))) % 256


def _base(name: str, data: bytes) -> Base:
    places = (range(len(data)),) if data.startswith(b"PK") else _metadata(data)
    return Base(name, data, places)


def _metadata(data: bytes) -> tuple[range, ...]:
    """Return where an HDF5 file keeps everything but the values of contiguous datasets."""
    with h5py.File(io.BytesIO(data), "r") as file:
        values = sorted(_extents(file))
    places = []
    at = 0
    for start, stop in values:
        if start > at:
            places.append(range(at, start))
        at = max(at, stop)
    return (*places, range(at, len(data))) if at < len(data) else tuple(places)


def _extents(file: h5py.File) -> Iterator[tuple[int, int]]:
    found: list[tuple[int, int]] = []

    def visit(name: str, item: h5py.Group | h5py.Dataset) -> None:
        if isinstance(item, h5py.Dataset) and item.id.get_offset() is not None:
            found.append((item.id.get_offset(), item.id.get_offset() + item.id.get_storage_size()))

    file.visititems(visit)
    return iter(found)


# Hostile kernels of a Dense layer of shape (3, 4).

_CONFIG = {
    "class_name": "Sequential",
    "config": {
        "name": "m",
        "layers": [
            {
                "class_name": "InputLayer",
                "config": {"name": "x", "batch_input_shape": [None, 3], "dtype": "float32"},
            },
            {"class_name": "Dense", "config": {"name": "d", "units": 4, "use_bias": False}},
        ],
    },
}
_PATH = "model_weights/d/d/kernel:0"
_VALUES = np.arange(12, dtype="<f4").reshape(3, 4)
Put = Callable[[h5py.File, Path], None]


def _write_dense(path: Path, put: Callable[[h5py.File], None]) -> None:
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = json.dumps(_CONFIG)
        file.attrs["keras_version"] = "2.15.0"
        file.attrs["backend"] = "tensorflow"
        weights = file.create_group("model_weights")
        weights.attrs["layer_names"] = np.asarray([b"d"])
        weights.create_group("d").attrs["weight_names"] = np.asarray([b"d/kernel:0"])
        put(file)


def _virtual(file: h5py.File, canary: Path) -> None:
    layout = h5py.VirtualLayout((12,), "<f4")
    layout[:] = h5py.VirtualSource(str(canary), "d", (4000,))[:12]
    file.create_virtual_dataset(_PATH, layout)


def _link(file: h5py.File, canary: Path) -> None:
    file[_PATH] = h5py.ExternalLink(str(canary), "/d")


def _outside(file: h5py.File, canary: Path) -> None:
    with h5py.File(canary, "r") as other:
        offset = other["d"].id.get_offset()
    file.create_dataset(_PATH, (3, 4), "<f4", external=[(str(canary), offset, 48)])


def _short(file: h5py.File, _: Path) -> None:
    made = file.create_dataset(_PATH, (3, 4), "<f4", chunks=(3, 4), compression=4)
    made.id.write_direct_chunk((0, 0), zlib.compress(b"only this"))


_KERNELS: dict[str, Put] = {
    "external link": _link,
    "external storage": _outside,
    "virtual": _virtual,
    "short chunk": _short,
    "plain": lambda file, _: file.create_dataset(_PATH, data=_VALUES),
    "chunked": lambda file, _: file.create_dataset(_PATH, data=_VALUES, chunks=(2, 2)),
    "gzip": lambda file, _: file.create_dataset(
        _PATH, data=_VALUES, chunks=(3, 2), compression=4, shuffle=True, fletcher32=True
    ),
}
