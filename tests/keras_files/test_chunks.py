from __future__ import annotations

import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest

from tfjs_serve.keras_files.chunks import DEFLATE, FLETCHER32, SHUFFLE, Filter, unpack

PACKED = zlib.compress(b"12345678")


@pytest.mark.parametrize(
    ("raw", "filters", "message"),
    [
        pytest.param(b"1234", (), "holds 4 bytes where 8 were expected", id="short"),
        pytest.param(
            zlib.compress(b"1234"), (DEFLATE,), "holds 4 bytes where 8", id="inflates short"
        ),
        pytest.param(
            zlib.compress(b"1" * 9), (DEFLATE,), "holds 9 bytes where 8", id="inflates long"
        ),
        pytest.param(zlib.compress(bytes(1 << 20)), (DEFLATE,), "does not inflate to 8", id="bomb"),
        pytest.param(PACKED[:-2], (DEFLATE,), "does not inflate to 8", id="cut"),
        pytest.param(b"not zlib", (DEFLATE,), "gzip chunk is damaged", id="garbage"),
        pytest.param(b"12345678abcd", (FLETCHER32,), "match its checksum", id="checksum"),
        pytest.param(b"12", (FLETCHER32,), "match its checksum", id="no room for a checksum"),
        pytest.param(b"12345678", (99,), "filter 99 is not supported", id="unknown filter"),
    ],
)
def test_a_damaged_chunk_is_refused(raw: bytes, filters: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        unpack(raw, 0, [Filter(number) for number in filters], 8)


@pytest.mark.parametrize("size", [0, -1])
def test_a_shuffle_without_a_size_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match="element size"):
        unpack(b"12345678", 0, [Filter(SHUFFLE, (size,))], 8)


def test_a_skipped_filter_is_not_undone() -> None:
    filters = [Filter(SHUFFLE, (4,)), Filter(DEFLATE)]
    assert unpack(b"15263748", 0b10, filters, 8) == b"12345678"
    assert unpack(b"12345678", 0b11, filters, 8) == b"12345678"


@pytest.mark.parametrize("dtype", ["u1", "<f2", "<f4", ">f4", "<i8"])
@pytest.mark.parametrize("count", [1, 7, 1000, 70_001])
@pytest.mark.parametrize("fill", ["zeros", "ones", "noise"])
def test_a_chunk_of_h5py_comes_back(dtype: str, count: int, fill: str, tmp_path: Path) -> None:
    noise = np.random.default_rng(count).integers(0, 256, count * np.dtype(dtype).itemsize)
    data = {"zeros": 0, "ones": 255}.get(fill, noise) * np.ones_like(noise)
    values = data.astype(np.uint8).view(dtype)
    with h5py.File(tmp_path / "d.h5", "w") as file:
        made = file.create_dataset(
            "d", data=values, chunks=(count,), compression=4, shuffle=True, fletcher32=True
        )
        plist = made.id.get_create_plist()
        found = [plist.get_filter(i) for i in range(plist.get_nfilters())]
        filters = [Filter(number, tuple(client)) for number, _, client, _ in found]
        mask, raw = made.id.read_direct_chunk((0,))
    assert {step.number for step in filters} == {SHUFFLE, DEFLATE, FLETCHER32}
    assert unpack(raw, mask, filters, values.nbytes) == values.tobytes()
