from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from tfjs_serve.keras_files.readiness import open_source
from tfjs_serve.keras_files.strangers import stranger


def zipped(*names: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in names:
            archive.writestr(name, "{}")
    return out.getvalue()


KERAS = zipped("metadata.json", "config.json", "model.weights.h5")


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(bytes(600), "starts with zeros where", id="zeros"),
        pytest.param(KERAS[:-30], "is a damaged zip file (it has no end)", id="cut zip"),
        pytest.param(zipped("a.npy", "b.npy"), "holds NumPy arrays (.npz)", id="npz"),
        pytest.param(zipped("m/data.pkl", "m/version"), "is a PyTorch file", id="pytorch"),
        pytest.param(zipped("a.txt"), "is a zip file, not a Keras model", id="zip"),
        pytest.param(zipped(), "is no HDF5 file", id="zip without members"),
        pytest.param(b"\x1c\0\0\0TFL3", "is a TensorFlow Lite model", id="tflite"),
        pytest.param(b"\x93NUMPY\1\0", "is a NumPy array (.npy)", id="npy"),
        pytest.param(b"\x1f\x8b\x08\0", "is compressed with gzip", id="gzip"),
        pytest.param(b"\x80\x04\x95", "is a Python pickle, which is never loaded", id="pickle"),
        pytest.param(
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
            "is a Git LFS pointer, not the model itself",
            id="git lfs",
        ),
        pytest.param(b"\n <!DOCTYPE html>", "is a web page", id="html"),
        pytest.param(b'{"format": "layers-model"}\n', "is a text file", id="json"),
        pytest.param(
            b'{\n    "metadata": {"total_size": 20.0},\n    "weight_map": {}\n}',
            "lists the shards of weights only (save_weights())",
            id="sharded weights",
        ),
        pytest.param("ü".encode() * 400, "is a text file", id="cut inside a character"),
        pytest.param(b"\xff\xfe\0\1\2\3", "is no HDF5 file", id="anything"),
    ],
)
def test_a_file_is_named_by_its_content(data: bytes, sentence: str, tmp_path: Path) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(data)
    fd = open_source(path)
    error = stranger(fd, "m.h5")
    os.close(fd)
    assert str(error).startswith(f"m.h5 {sentence}")
    assert error.reasons[0].remedy is not None
    assert str(error).endswith(error.reasons[0].remedy)
