from __future__ import annotations

import io
import json
import math
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest

from tests.keras_files.h5_samples import BIAS, KERNEL
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.archive import CONFIG, METADATA, WEIGHTS
from tfjs_serve.keras_files.model import Container, Extent
from tfjs_serve.keras_files.opening import open_keras_file

MODEL = {"class_name": "Sequential", "config": {"name": "m", "layers": []}}
METADATA_TEXT = json.dumps({"keras_version": "3.15.1", "date_saved": "2026-01-01@00:00:00"})


def hdf5(**datasets: object) -> bytes:
    """Return an HDF5 file; `__` in a name stands for a slash."""
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, value in datasets.items():
            file[name.replace("__", "/")] = value
    return out.getvalue()


DENSE = hdf5(layers__dense__vars__0=KERNEL, layers__dense__vars__1=BIAS, optimizer__vars__0=1.0)
MEMBERS = {METADATA: METADATA_TEXT.encode(), CONFIG: json.dumps(MODEL).encode(), WEIGHTS: DENSE}


def archive(
    path: Path, members: dict[str, bytes] | None = None, method: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, data in (members or MEMBERS).items():
            file.writestr(name, data)
    return path


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_model_is_read(method: int, tmp_path: Path) -> None:
    path = archive(tmp_path / "m.h5", method=method)  # by content, never by name
    with open_keras_file(path) as opened:
        model = opened.model
        assert (model.keras_version, model.generation, model.backend) == ("3.15.1", 3, None)
        assert (model.container, model.config) == (Container.ARCHIVE, MODEL)
        assert model.training_config is None
        assert [(w.group, w.name, w.shape, w.dtype) for w in model.weights] == [
            ("layers/dense/vars", "layers/dense/vars/0", (3, 4), "<f4"),
            ("layers/dense/vars", "layers/dense/vars/1", (4,), "<f4"),
        ]
        for weight, values in zip(model.weights, (KERNEL, BIAS), strict=True):
            assert isinstance(weight.extent, Extent)
            stored = os.pread(opened.fd, weight.extent.nbytes, weight.extent.offset)
            assert stored == values.tobytes()
            assert opened.read(weight, 0, math.prod(weight.shape)).tobytes() == values.tobytes()
            if method == zipfile.ZIP_STORED:
                assert path.read_bytes()[weight.extent.offset :].startswith(values.tobytes())
    assert list(tmp_path.iterdir()) == [path]


def test_variables_are_ordered_by_number_and_objects_by_path(tmp_path: Path) -> None:
    names = {f"layers__d__vars__{i}": np.full(1, i, "<f4") for i in range(12)}
    names |= {"layers__a_10__vars__0": BIAS, "layers__a_2__vars__0": BIAS, "vars__0": BIAS}
    path = archive(tmp_path / "m.keras", {**MEMBERS, WEIGHTS: hdf5(**names)})
    with open_keras_file(path) as opened:
        assert [weight.name for weight in opened.model.weights] == [
            "layers/a_10/vars/0",
            "layers/a_2/vars/0",
            *(f"layers/d/vars/{i}" for i in range(12)),
        ]


@pytest.mark.parametrize(
    ("optimizer", "expected"),
    [
        ("rmsprop", {"class_name": "RMSprop", "config": {}}),
        ("mine", {"class_name": "mine", "config": {}}),
        ({"class_name": "Adam", "config": {"x": 1}}, {"class_name": "Adam", "config": {"x": 1}}),
    ],
)
def test_what_was_compiled_is_read(optimizer: object, expected: object, tmp_path: Path) -> None:
    config = {**MODEL, "compile_config": {"optimizer": optimizer, "loss": "mse"}}
    path = archive(tmp_path / "m.keras", {**MEMBERS, CONFIG: json.dumps(config).encode()})
    with open_keras_file(path) as opened:
        assert opened.model.training_config == {"loss": "mse", "optimizer_config": expected}


@pytest.mark.parametrize("compiled", [None, {}, "nonsense"])
def test_a_model_that_was_not_compiled(compiled: object, tmp_path: Path) -> None:
    config = {**MODEL, "compile_config": compiled}
    path = archive(tmp_path / "m.keras", {**MEMBERS, CONFIG: json.dumps(config).encode()})
    with open_keras_file(path) as opened:
        assert (opened.model.training_config, opened.model.warnings) == (None, ())


@pytest.mark.parametrize("number", ["Infinity", "NaN", "1e999"])
def test_numbers_of_a_compile_config_refuse_no_model(number: str, tmp_path: Path) -> None:
    settings = f'"compile_config": {{"optimizer": "sgd", "loss": "mse", "clip": {number}}}'
    text = f"{json.dumps(MODEL)[:-1]}, {settings}}}"
    path = archive(tmp_path / "m.keras", {**MEMBERS, CONFIG: text.encode()})
    with open_keras_file(path) as opened:
        assert (opened.model.config, opened.model.training_config) == (MODEL, None)
        assert opened.model.warnings == (
            f"the training settings are left out: the file has the number {number} in its "
            "config.json, which JSON cannot express",
        )


def test_numbers_of_the_model_itself_still_do(tmp_path: Path) -> None:
    text = '{"class_name": "Sequential", "config": {"a": NaN}, "compile_config": {"b": Infinity}}'
    path = archive(tmp_path / "m.keras", {**MEMBERS, CONFIG: text.encode()})
    with (
        pytest.raises(ConversionError, match=r"has the number NaN in its config\.json"),
        open_keras_file(path),
    ):
        pass


def without(name: str) -> dict[str, bytes]:
    return {key: data for key, data in MEMBERS.items() if key != name}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        pytest.param(
            without(WEIGHTS), "is a zip file without model.weights.h5", id="without weights"
        ),
        pytest.param(without(METADATA), "is a zip file, not a Keras model", id="no metadata"),
        pytest.param(
            {**without(WEIGHTS), "model.weights.npz": b""},
            "keeps its weights as NumPy arrays",
            id="npz",
        ),
        pytest.param({**MEMBERS, CONFIG: b"\xff"}, "holds a config.json that is not UTF", id="utf"),
        pytest.param({**MEMBERS, CONFIG: b"[]"}, "has a config.json that is JSON but", id="list"),
        pytest.param({**MEMBERS, CONFIG: b"{}"}, "has a config.json without a class", id="empty"),
        pytest.param({**MEMBERS, METADATA: b"{}"}, "names no keras_version", id="no version"),
        pytest.param({**MEMBERS, WEIGHTS: b"no HDF5"}, "is damaged or incomplete (", id="no HDF5"),
        pytest.param(
            {**MEMBERS, WEIGHTS: DENSE[:-100]}, "is damaged or incomplete (", id="cut HDF5"
        ),
        pytest.param(
            {**MEMBERS, METADATA: b" " * (17 << 20)},
            "holds a metadata.json that declares 17825792 bytes",
            id="bomb",
        ),
    ],
)
def test_an_archive_with_other_members_is_refused(
    members: dict[str, bytes], sentence: str, tmp_path: Path
) -> None:
    path = archive(tmp_path / "m.keras", members, zipfile.ZIP_DEFLATED)
    with pytest.raises(ConversionError) as caught, open_keras_file(path):
        pass
    assert str(caught.value).startswith(f"m.keras {sentence}")


def patched(where: bytes, after: int, data: bytes) -> Callable[[bytes], bytes]:
    """Return a change of the bytes that lie `after` behind the last place of a signature."""

    def change(whole: bytes) -> bytes:
        at = whole.rindex(where) + after
        return whole[:at] + data + whole[at + len(data) :]

    return change


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"  # of the last member, the weights


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        pytest.param(patched(LOCAL, 31, b"X"), "contradicts the directory", id="name"),
        pytest.param(patched(LOCAL, 8, b"\x08"), "contradicts the directory", id="method"),
        pytest.param(patched(LOCAL, 6, b"\x01"), "contradicts the directory", id="encrypted"),
        pytest.param(patched(LOCAL, 14, b"abcd"), "contradicts the directory", id="checksum"),
        pytest.param(patched(LOCAL, 26, b"\xff\xff"), "contradicts the directory", id="length"),
        pytest.param(patched(CENTRAL, 8, b"\x01"), "is encrypted", id="encrypted, directory"),
        pytest.param(patched(CENTRAL, 10, b"\x63"), "packed by method 99", id="method 99"),
        pytest.param(
            patched(CENTRAL, 42, struct.pack("<L", 1 << 30)), "beyond the end", id="offset"
        ),
        pytest.param(patched(b"\x89HDF", 900, b"\x77"), "does not match its checksum", id="bit"),
    ],
)
def test_a_damaged_or_hostile_member_is_refused(
    change: Callable[[bytes], bytes], sentence: str, tmp_path: Path
) -> None:
    path = archive(tmp_path / "m.keras")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ConversionError) as caught, open_keras_file(path):
        pass
    assert str(caught.value).startswith("m.keras holds a model.weights.h5 that ")
    assert sentence in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras")
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(CONFIG, b"{}")
    with pytest.raises(ConversionError, match=r"holds a config\.json that is there twice"):
        open_keras_file(path).__enter__()


def header(name: str, data: bytes, at: int | None = None) -> bytes:
    """Return the local header of a stored member; its line in the directory when it lies `at`."""
    crc, size, text = zlib.crc32(data), len(data), name.encode()
    if at is None:
        fields = (20, 0, 0, 0, 33, crc, size, size, len(text), 0)
        return struct.pack("<4s5H3L2H", LOCAL, *fields) + text
    line = (20, 20, 0, 0, 0, 33, crc, size, size, len(text), 0, 0, 0, 0, 0, at)
    return struct.pack("<4s6H3L5H2L", CENTRAL, *line) + text


def test_members_that_share_bytes_are_refused(tmp_path: Path) -> None:
    """The config spans the metadata that follows it (Fifield, A better zip bomb, 2019)."""
    metadata, config = MEMBERS[METADATA], MEMBERS[CONFIG]
    whole = config + header(METADATA, metadata) + metadata
    body = header(CONFIG, whole) + whole + header(WEIGHTS, DENSE) + DENSE
    directory = (
        header(CONFIG, whole, 0)
        + header(METADATA, metadata, len(header(CONFIG, whole) + config))
        + header(WEIGHTS, DENSE, len(header(CONFIG, whole) + whole))
    )
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 3, 3, len(directory), len(body), 0)
    path = tmp_path / "m.keras"
    path.write_bytes(body + directory + end)
    with pytest.raises(ConversionError, match=r"holds a metadata\.json that lies inside another"):
        open_keras_file(path).__enter__()


def test_a_member_that_unpacks_to_more_than_it_declares_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras", {**MEMBERS, WEIGHTS: bytes(1 << 22)}, zipfile.ZIP_DEFLATED)
    data = path.read_bytes()
    for signature, after in ((LOCAL, 22), (CENTRAL, 24)):
        data = patched(signature, after, struct.pack("<L", 1000))(data)
    path.write_bytes(data)
    with pytest.raises(ConversionError, match="that is longer than it declares"):
        open_keras_file(path).__enter__()


def test_an_oversized_directory_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    length = 65 << 20
    with path.open("wb") as file:
        file.write(LOCAL + bytes(96) + CENTRAL)
        file.seek(100 + length)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, length, 100, 0))
    with pytest.raises(ConversionError, match=r"^m\.keras lists 9 zip members; save the model"):
        open_keras_file(path).__enter__()


def test_a_bomb_of_weights_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = archive(
        tmp_path / "m.keras", {**MEMBERS, WEIGHTS: bytes(17 << 20)}, zipfile.ZIP_DEFLATED
    )
    with pytest.raises(ConversionError, match=r"model\.weights\.h5 that declares 17825792 bytes"):
        open_keras_file(path).__enter__()


def external_storage(file: h5py.File, path: str) -> None:
    file.create_dataset(path, (12,), "f4", external=[("/etc/passwd", 0, 48)])


def virtual(file: h5py.File, path: str) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "d", (3, 4))
    file.create_virtual_dataset(path, layout)


@pytest.mark.parametrize("put", [external_storage, virtual])
def test_other_files_are_never_read(put: Callable[[h5py.File, str], None], tmp_path: Path) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        put(file, "layers/dense/vars/0")
    path = archive(tmp_path / "m.keras", {**MEMBERS, WEIGHTS: out.getvalue()})
    with pytest.raises(ConversionError, match="keeps its values in other files, which are never"):
        open_keras_file(path).__enter__()


def test_groups_that_hold_themselves_are_refused(tmp_path: Path) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/dense/vars/0"] = KERNEL
        file["layers/dense/again"] = file["layers"]
    path = archive(tmp_path / "m.keras", {**MEMBERS, WEIGHTS: out.getvalue()})
    with pytest.raises(ConversionError, match=r"nests its groups without end|declares more"):
        open_keras_file(path).__enter__()


def test_links_are_never_followed(tmp_path: Path) -> None:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        file["layers/dense/vars/1"] = h5py.ExternalLink("/etc/passwd", "/x")
    path = archive(tmp_path / "m.keras", {**MEMBERS, WEIGHTS: out.getvalue()})
    with pytest.raises(ConversionError, match=r"by a soft or external link"):
        open_keras_file(path).__enter__()


def test_assets_beside_the_model_do_not_matter(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras", {**MEMBERS, "assets/../../x": b"x", "/etc/x": b"x"})
    with open_keras_file(path) as opened:
        assert len(opened.model.weights) == 2


WORDS = "assets/layers/integer_lookup/vocabulary.txt"
"""Name of the member with the vocabulary of a layer."""


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_vocabularies_are_read_by_the_paths_of_their_layers(method: int, tmp_path: Path) -> None:
    others = {"assets/layers/x/other.txt": b"7", "layers/x/vocabulary.txt": b"8"}
    members = {**MEMBERS, WORDS: b"-1\n3\n4", "assets/../x/vocabulary.txt": b"5", **others}
    with open_keras_file(archive(tmp_path / "m.keras", members, method)) as opened:
        words = {"layers/integer_lookup": "-1\n3\n4", "../x": "5"}
        assert opened.model.vocabularies == words
    assert [path.name for path in tmp_path.iterdir()] == ["m.keras"]


def test_a_model_without_vocabularies(tmp_path: Path) -> None:
    with open_keras_file(archive(tmp_path / "m.keras")) as opened:
        assert opened.model.vocabularies == {}


@pytest.mark.parametrize(
    ("members", "sentence"),
    [
        ({WORDS: b"\xff"}, "holds a assets/layers/integer_lookup/vocabulary.txt that is not UTF-8"),
        ({WORDS: bytes(9 << 20), "assets/b/vocabulary.txt": bytes(8 << 20)}, "of 17825792 bytes"),
        ({f"assets/{i}/vocabulary.txt": b"" for i in range(1001)}, "holds 1001 vocabularies"),
    ],
    ids=["no text", "too long", "too many"],
)
def test_hostile_vocabularies_are_refused(
    members: dict[str, bytes], sentence: str, tmp_path: Path
) -> None:
    path = archive(tmp_path / "m.keras", {**MEMBERS, **members}, zipfile.ZIP_DEFLATED)
    with pytest.raises(ConversionError) as caught, open_keras_file(path):
        pass
    assert sentence in str(caught.value)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_vocabulary_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = archive(tmp_path / "m.keras", {**MEMBERS, WORDS: b"1"})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr(WORDS, b"2")
    with pytest.raises(ConversionError, match=r"vocabulary\.txt that is there twice"):
        open_keras_file(path).__enter__()
