from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.files import VALUES, chain, joined, typed, write
from tests.keras_files.h5_samples import BIAS, KERNEL
from tests.models import stored
from tfjs_serve.convert.copying import Written, tensor_bytes, write_shards
from tfjs_serve.convert.translation import Tensor
from tfjs_serve.convert.values import BUFFER_BYTES, Source
from tfjs_serve.errors import SourceBusyError
from tfjs_serve.keras_files.model import StoredWeight
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import open_source
from tfjs_serve.layers_format.weights import cut_anywhere


def copied(path: Path, shard_bytes: int, *, cut_source_at: int | None = None) -> list[Written]:
    """Write the shards of all weights of a file beside it."""
    fd = open_source(path)
    try:
        with open_keras_file(fd, path.name) as file:
            tensors = [Tensor(weight.name, weight) for weight in file.model.weights]
            shards = cut_anywhere([tensor_bytes(t) for t in tensors], shard_bytes)
            if cut_source_at is not None:
                os.truncate(path, cut_source_at)
            return write_shards(
                Source(fd, file), tensors, shards, lambda index: path.with_suffix(f".{index}")
            )
    finally:
        os.close(fd)


def contents(written: list[Written]) -> bytes:
    """Return what was written, after a look at the lengths and digests."""
    parts = [shard.path.read_bytes() for shard in written]
    assert [shard.nbytes for shard in written] == [len(part) for part in parts]
    assert [shard.sha256 for shard in written] == [hashlib.sha256(p).hexdigest() for p in parts]
    return b"".join(parts)


@pytest.mark.parametrize(
    ("shape", "dtype", "nbytes"),
    [
        ((), "<f4", 4),
        ((0,), "<f4", 0),
        ((3, 0, 2), "<f4", 0),
        ((3, 4), "<f4", 48),
        ((3, 4), ">f4", 48),
        ((3, 4), "<f2", 48),
        ((3, 4), "<f8", 48),
        ((2**20, 2**20), "<f4", 2**42),
    ],
)
def test_tensor_bytes(shape: tuple[int, ...], dtype: str, nbytes: int) -> None:
    weight = stored("w", shape)
    weight = StoredWeight(weight.group, weight.name, shape, dtype, weight.path, None)
    assert tensor_bytes(Tensor("w", weight)) == nbytes


def test_nothing_to_write(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", layers={"dense": []})
    assert copied(path, 16) == []
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("shard_bytes", [1, 3, 7, 16, 48, 64, 1000])
@pytest.mark.parametrize(
    ("layers", "options"),
    [
        pytest.param(None, {}, id="contiguous"),
        pytest.param(typed(">f4"), {}, id="big endian"),
        pytest.param(typed("<f2"), {}, id="float16"),
        pytest.param(typed(">f2"), {}, id="float16, big endian"),
        pytest.param(typed("<f8"), {}, id="float64"),
        pytest.param(None, {"chunks": True}, id="chunked"),
        pytest.param(None, {"compression": "gzip", "shuffle": True}, id="packed"),
        pytest.param(typed(">f8"), {"compression": "gzip"}, id="float64, big endian, packed"),
    ],
)
def test_all_types_become_little_endian_float32(
    tmp_path: Path, layers: Any, options: dict[str, Any], shard_bytes: int
) -> None:
    written = copied(write(tmp_path / "m.h5", layers=layers, **options), shard_bytes)
    assert contents(written) == VALUES
    assert [shard.nbytes for shard in written[:-1]] == [shard_bytes] * (len(written) - 1)
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(
        ["m.h5", *(shard.path.name for shard in written)]
    )


def test_float64_is_rounded_to_the_nearest(tmp_path: Path) -> None:
    values = np.array([0.1, 1 + 2**-30, 1e-46, -2.5])
    layers = {"dense": [("dense/kernel:0", KERNEL), ("dense/bias:0", values)]}
    written = copied(write(tmp_path / "m.h5", layers=layers), 1000)
    assert contents(written) == KERNEL.tobytes() + values.astype("<f4").tobytes()


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
@pytest.mark.parametrize("count", [-1, 0, 1, 70_001])
def test_tensors_larger_than_the_buffer(tmp_path: Path, dtype: str, count: int) -> None:
    values = np.random.default_rng(0).random(BUFFER_BYTES // 4 + count).astype(dtype)
    layers = {"dense": [("dense/kernel:0", values), ("dense/bias:0", BIAS)]}
    path = write(tmp_path / "m.h5", layers=layers)
    expected = values.astype("<f4").tobytes() + BIAS.tobytes()
    assert contents(copied(path, 10**9)) == expected
    assert contents(copied(path, 100_001)) == expected


def test_many_shards_come_back_in_order(tmp_path: Path) -> None:
    config, layers = chain(*[7] * 40)
    written = copied(write(tmp_path / "m.h5", config, layers), 50)
    assert len(written) > 100
    assert contents(written) == joined(layers, sorted(layers))
    assert [shard.path.name for shard in written] == [f"m.{i}" for i in range(len(written))]


@pytest.mark.parametrize("dtype", ["<f4", "<f8"])
def test_a_file_that_became_shorter_is_busy(tmp_path: Path, dtype: str) -> None:
    values = np.random.default_rng(0).random(50_000).astype(dtype)
    path = write(tmp_path / "m.h5", layers={"dense": [("dense/kernel:0", values)]})
    with pytest.raises(SourceBusyError, match="became shorter while it was read"):
        copied(path, 10**9, cut_source_at=path.stat().st_size // 2)
