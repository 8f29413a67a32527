"""Files that are not whole are refused before HDF5 sees them."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keras_files.h5_samples import write_model
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import open_source
from tfjs_serve.keras_files.wholeness import require_whole

STOPPED = (
    "m.h5 is incomplete: its writer stopped before the end; "
    "save the model again with model.save('model.h5')"
)
UNCLOSED = (
    "m.h5 is incomplete: its writer never closed it, so it may hold weights of two versions; "
    "save the model again with model.save('model.h5'); "
    "h5clear -s clears the mark of a whole file"
)


def flagged(data: bytes) -> bytes:
    """Return an HDF5 file as it is between a flush and the close (superblock 0, offset 20)."""
    return data[:20] + b"\1" + data[21:]


def told(path: Path) -> str | None:
    fd = open_source(path)
    try:
        require_whole(fd, path.name)
    except ConversionError as error:
        return str(error)
    finally:
        os.close(fd)
    return None


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param(lambda data: data, None, id="whole"),
        pytest.param(lambda data: data + b"more", None, id="padded"),
        pytest.param(lambda data: b"", None, id="empty"),
        pytest.param(lambda data: b"text", None, id="something-else"),
        pytest.param(lambda data: b"PK\3\4" + data, STOPPED, id="archive-without-its-end"),
        pytest.param(lambda data: data[:5], STOPPED, id="a-few-bytes"),
        pytest.param(lambda data: data[:-1], STOPPED, id="cut-off"),
        pytest.param(flagged, UNCLOSED, id="never-closed"),
        pytest.param(lambda data: flagged(data)[:-1], STOPPED, id="never-closed-and-cut-off"),
    ],
)
def test_what_its_writer_did_not_finish_is_refused(
    change: Callable[[bytes], bytes], expected: str | None, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "m.h5")
    path.write_bytes(change(path.read_bytes()))
    assert told(path) == expected


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no lease tells of writers")
def test_what_is_being_written_is_for_later(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with path.open("ab"), pytest.raises(SourceBusyError, match=r"^m\.h5 is being written"):
        told(path)
    with path.open("ab"), pytest.raises(SourceBusyError), open_keras_file(path):
        pass
    assert told(path) is None
