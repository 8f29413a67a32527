from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.files import write
from tests.keras_files.h5_samples import BIAS
from tfjs_serve.convert.values import BUFFER_BYTES, Source, copyable_offset, slices
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.graph import Computed, Values
from tfjs_serve.keras_files.opening import open_keras_file

COUNT = BUFFER_BYTES // 4 * 2 + 5
NUMBERS = np.random.default_rng(0).random(COUNT).astype("<f4")
RANGES = [(0, 0), (COUNT, COUNT), (0, 1), (7, 9), (0, COUNT), (3, COUNT - 1), (COUNT - 1, COUNT)]


def doubled(values: Values) -> Computed:
    return Computed((COUNT,), (values,), lambda array: array * 2)


@pytest.mark.parametrize(
    ("dtype", "options", "is_copyable"),
    [
        pytest.param("<f4", {}, True, id="contiguous"),
        pytest.param(">f4", {}, False, id="big endian"),
        pytest.param("<f8", {}, False, id="float64"),
        pytest.param("<f4", {"compression": "gzip"}, False, id="packed"),
    ],
)
def test_slices_are_float32_and_fit_the_buffer(
    tmp_path: Path, dtype: str, options: dict[str, Any], is_copyable: bool
) -> None:
    layers = {"dense": [("dense/kernel:0", NUMBERS.astype(dtype)), ("dense/bias:0", BIAS)]}
    with open_keras_file(write(tmp_path / "m.h5", layers=layers, **options)) as file:
        source, stored = Source(file.fd, file), file.model.weights[0]
        assert (copyable_offset(stored) is not None) is is_copyable
        assert copyable_offset(doubled(stored)) is None
        for values, numbers in ((stored, NUMBERS), (doubled(stored), NUMBERS * 2)):
            for start, stop in RANGES:
                parts = [part.copy() for part in slices(source, values, start, stop)]
                assert all(0 < part.nbytes <= BUFFER_BYTES for part in parts)
                joined = np.concatenate([np.empty(0, "<f4"), *parts])
                assert joined.dtype == np.dtype("<f4")
                assert joined.tolist() == numbers[start:stop].tolist()


def test_a_computation_of_another_shape_is_an_error_of_ours(tmp_path: Path) -> None:
    with open_keras_file(write(tmp_path / "m.h5")) as file:
        wrong = Computed((3,), (), lambda: np.zeros(2, "<f4"), ("wrong",))
        with pytest.raises(RuntimeError, match=r"\('wrong',\): made \(2,\), expected \(3,\)"):
            list(slices(Source(file.fd, file), wrong, 0, 3))


@pytest.mark.parametrize(
    ("compute", "cause"),
    [
        pytest.param(lambda x: x[:1], "made (1, 4), expected (3,)", id="other shape"),
        pytest.param(lambda x: x.reshape(7, 5), "ValueError: cannot reshape", id="cannot"),
    ],
)
def test_stored_weights_that_do_not_fit_are_refused(
    tmp_path: Path, compute: Callable[..., Any], cause: str
) -> None:
    with open_keras_file(write(tmp_path / "m.h5")) as file:
        stored = file.model.weights[0]
        wrong = Computed((3,), (stored,), compute, ("wrong",))
        with pytest.raises(ConversionError) as error:
            list(slices(Source(file.fd, file), wrong, 0, 3))
    assert repr(stored.name) in str(error.value)
    assert cause in str(error.value)


def test_a_file_that_became_shorter_is_busy(tmp_path: Path) -> None:
    path = write(tmp_path / "m.h5", layers={"dense": [("dense/kernel:0", NUMBERS)]})
    with open_keras_file(path) as file:
        stored = file.model.weights[0]
        assert stored.extent is not None
        with path.open("r+b") as other:
            other.truncate(stored.extent.offset + 4 * (COUNT - 1))
        with pytest.raises(SourceBusyError, match="became shorter while it was read"):
            list(slices(Source(file.fd, file), stored, 0, COUNT))
