from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.chunks import DEFLATE, SHUFFLE, Filter
from tfjs_serve.keras_files.model import Extent
from tfjs_serve.keras_files.storage import Layout, Storage, Stored, accept

PLAIN = Storage((3, 4), "<f4", Layout.CONTIGUOUS, stored_bytes=48, offset=100)
CHUNKED = replace(
    PLAIN, layout=Layout.CHUNKED, offset=None, chunk=(2, 2), chunk_count=4, stored_bytes=64
)
PACKED = replace(CHUNKED, filters=(Filter(DEFLATE),), stored_bytes=1)
FILE_BYTES = 200


@pytest.mark.parametrize(
    ("storage", "change", "found"),
    [
        pytest.param(PLAIN, {"is_external": True}, "values in other files", id="external"),
        pytest.param(PLAIN, {"layout": Layout.VIRTUAL}, "values in other files", id="virtual"),
        pytest.param(PLAIN, {"dtype": None}, "neither numbers nor booleans", id="type"),
        pytest.param(PLAIN, {"shape": None}, "has no shape", id="null space"),
        pytest.param(PLAIN, {"offset": None}, "lies beyond the end", id="no offset"),
        pytest.param(PLAIN, {"offset": 153}, "lies beyond the end", id="beyond the end"),
        pytest.param(PLAIN, {"stored_bytes": 0}, "declares 48 bytes but stores 0", id="unwritten"),
        pytest.param(PLAIN, {"stored_bytes": 47}, "48 bytes but stores 47", id="too little"),
        pytest.param(PLAIN, {"stored_bytes": 201}, "48 bytes but stores 201", id="too much"),
        pytest.param(PLAIN, {"shape": (1 << 40, 1 << 40)}, "declares", id="2^80 elements"),
        pytest.param(PACKED, {"filters": (Filter(32000),)}, "packed with lzf", id="lzf"),
        pytest.param(PACKED, {"filters": (Filter(777),)}, "with filter 777", id="unknown filter"),
        pytest.param(
            PACKED, {"filters": (Filter(DEFLATE), Filter(DEFLATE))}, "with gzip", id="gzip twice"
        ),
        pytest.param(
            PACKED, {"chunk": (2, 10**6), "chunk_count": 2}, "48 bytes but stores 1", id="bomb"
        ),
        pytest.param(CHUNKED, {"chunk_count": 3}, "never written completely", id="chunk missing"),
        pytest.param(CHUNKED, {"stored_bytes": 63}, "but stores 63", id="short chunk"),
        pytest.param(CHUNKED, {"shape": (40_001, 2)}, "cut into 20001 chunks", id="many chunks"),
    ],
)
def test_refused(storage: Storage, change: dict[str, Any], found: str) -> None:
    with pytest.raises(ConversionError) as caught:
        accept(replace(storage, **change), "a/b", "m.h5", FILE_BYTES)
    assert str(caught.value).startswith("m.h5 has a weight 'a/b' that ")
    assert found in str(caught.value)


@pytest.mark.parametrize(
    ("storage", "extent"),
    [
        pytest.param(PLAIN, Extent(100, 48), id="contiguous"),
        pytest.param(replace(PLAIN, offset=152), Extent(152, 48), id="up to the end"),
        pytest.param(replace(PLAIN, dtype=">f4"), None, id="big endian"),
        pytest.param(replace(PLAIN, layout=Layout.COMPACT, offset=None), None, id="compact"),
        pytest.param(CHUNKED, None, id="chunked"),
        pytest.param(PACKED, None, id="gzip"),
        pytest.param(
            replace(PACKED, filters=(Filter(SHUFFLE, (4,)), Filter(DEFLATE))), None, id="shuffled"
        ),
    ],
)
def test_accepted(storage: Storage, extent: Extent | None) -> None:
    assert storage.dtype is not None
    expected = Stored("a/b", (3, 4), storage.dtype, 48, extent)
    assert accept(storage, "a/b", "m.h5", FILE_BYTES) == expected


def test_a_weight_without_elements_needs_no_storage() -> None:
    empty = replace(PLAIN, shape=(0, 4), stored_bytes=0, offset=None)
    assert accept(empty, "a", "m.h5", 9) == Stored("a", (0, 4), "<f4", 0, Extent(0, 0))
