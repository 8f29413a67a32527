from __future__ import annotations

import contextlib
import math
import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pytest

from tests.keras_files.h5_samples import BIAS, CONFIG, DENSE, KERNEL, Layers, set_names, write_model
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.keras_files.model import KerasModel
from tfjs_serve.keras_files.opening import open_keras_file
from tfjs_serve.keras_files.readiness import Readiness, open_source, probe

Change = Callable[[h5py.File], None]


def read_model(path: Path) -> KerasModel:
    with open_keras_file(path) as file:
        return file.model


def without(attribute: str) -> Change:
    def change(file: h5py.File) -> None:
        del file.attrs[attribute]

    return change


def keras_2_weights(file: h5py.File) -> None:
    del file.attrs["model_config"]
    file.move("model_weights/dense", "dense")
    del file["model_weights"]
    set_names(file, "layer_names", ["dense"], None)


def keras_3_weights(file: h5py.File) -> None:
    del file.attrs["model_config"]
    del file["model_weights"]
    file["layers/dense/vars/0"] = KERNEL


def no_groups(file: h5py.File) -> None:
    del file.attrs["model_config"]
    del file["model_weights"]


def no_weights(file: h5py.File) -> None:
    del file["model_weights"]


def set_attribute(path: str, name: str, value: object) -> Change:
    def change(file: h5py.File) -> None:
        file[path].attrs[name] = value

    return change


def delete_attribute(path: str, name: str) -> Change:
    def change(file: h5py.File) -> None:
        del file[path].attrs[name]

    return change


def put(value: object, path: str = "model_weights/dense/dense/kernel:0") -> Change:
    """Replace what is at `path` by a value, a link, or what a function makes of the file."""

    def change(file: h5py.File) -> None:
        del file[path]
        if callable(value):
            value(file, path)
        elif value is not None:
            file[path] = value

    return change


def make(**options: Any) -> Callable[[h5py.File, str], None]:
    return lambda file, path: file.create_dataset(path, **options)


def group_in_place(file: h5py.File, path: str) -> None:
    file.create_group(path)


def named_type(file: h5py.File, path: str) -> None:
    file[path] = np.dtype("f4")


def virtual(file: h5py.File, path: str) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "d", (3, 4))
    file.create_virtual_dataset(path, layout)


def virtual_without_source(file: h5py.File, path: str) -> None:
    layout = h5py.VirtualLayout((3, 4), "f4")
    layout[:] = h5py.VirtualSource("nowhere.h5", "d", (3, 4))
    file.create_virtual_dataset(path, layout)


def packed_twice(file: h5py.File, path: str) -> None:
    """Two deflates on top of each other make 100 GB of 1 MB."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 4))
    plist.set_deflate(9)
    plist.set_deflate(9)
    space = h5py.h5s.create_simple((3, 4))
    h5py.h5d.create(file.id, path.encode(), h5py.h5t.IEEE_F32LE, space, plist)


def bomb(file: h5py.File, path: str) -> None:
    """A chunk that stands for 2 GiB."""
    made = file.create_dataset(path, (1 << 29,), "f4", chunks=(1 << 29,), compression=9)
    made.id.write_direct_chunk((0,), zlib.compress(bytes(1 << 16)))


def plug_in(file: h5py.File, path: str) -> None:
    """A filter that libhdf5 would look for among shared libraries (32015 is Zstandard)."""
    plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
    plist.set_chunk((3, 4))
    plist.set_filter(32015, h5py.h5z.FLAG_OPTIONAL, (3,))
    space = h5py.h5s.create_simple((3, 4))
    h5py.h5d.create(file.id, path.encode(), h5py.h5t.IEEE_F32LE, space, plist)


def inflates_short(file: h5py.File, path: str) -> None:
    made = file.create_dataset(path, (3, 4), "f4", chunks=(3, 4), compression=4)
    made.id.write_direct_chunk((0, 0), zlib.compress(b"only this"))


def same_dataset_often(file: h5py.File) -> None:
    group = file["model_weights/dense"]
    names = [f"w{i}" for i in range(200)]
    group.create_dataset("big", data=np.zeros(1000, "f4"))
    for name in names:
        group[name] = group["big"]
    set_names(group, "weight_names", names, None)


def colliding(file: h5py.File) -> None:
    file["model_weights/dense/dense/kernel"] = KERNEL
    set_names(file["model_weights/dense"], "weight_names", ["dense/kernel:0", "dense/kernel"], None)


LINKS = "links are never followed"
DAMAGED = "is damaged or incomplete ("
STOPPED = "is incomplete: its writer stopped before the end"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(keras_2_weights, "holds weights only (save_weights())", id="Keras 2 weights"),
        pytest.param(keras_3_weights, "holds weights only (save_weights())", id="Keras 3 weights"),
        pytest.param(without("model_config"), "no architecture (no model_config)", id="no config"),
        pytest.param(no_groups, "is an HDF5 file but no Keras model", id="no Keras"),
        pytest.param(no_weights, "but no group model_weights", id="no weights"),
        pytest.param(
            set_attribute("/", "model_config", b'{"class_name": "\xe9"}'), "not UTF-8", id="latin-1"
        ),
        pytest.param(
            set_attribute("/", "model_config", 5), "model_config that is not a text", id="number"
        ),
        pytest.param(
            set_attribute("/", "model_config", h5py.Empty("S1")), "is not a text", id="null space"
        ),
        pytest.param(set_attribute("/", "model_config", ["{}", "{}"]), "is not a text", id="texts"),
        pytest.param(
            delete_attribute("model_weights", "layer_names"), "no layer_names", id="no layer names"
        ),
        pytest.param(
            set_attribute("model_weights", "layer_names", ["dense", "dense"]),
            "the same layer twice",
            id="layer twice",
        ),
        pytest.param(
            set_attribute("model_weights", "layer_names", ["dense", "b"]),
            "no group for its layer 'b'",
            id="layer without group",
        ),
        pytest.param(
            set_attribute("model_weights", "layer_names", np.arange(3)),
            "layer_names that is not a list of texts",
            id="numbers for names",
        ),
        pytest.param(
            set_attribute("model_weights", "layer_names", "dense"),
            "layer_names that is not a list of texts",
            id="text for names",
        ),
        pytest.param(
            delete_attribute("model_weights/dense", "weight_names"),
            "no weight_names for its layer 'dense'",
            id="no weight names",
        ),
        pytest.param(colliding, "names the weight 'dense/kernel' of 'dense' twice", id="twice"),
        pytest.param(same_dataset_often, "than it can hold", id="one dataset, many names"),
        pytest.param(put(None), "no values for the weight 'dense/kernel'", id="weight missing"),
        pytest.param(put(h5py.SoftLink("/model_weights/dense/dense/bias:0")), LINKS, id="soft"),
        pytest.param(put(h5py.SoftLink("/nowhere")), LINKS, id="dangling soft link"),
        pytest.param(
            put(h5py.SoftLink("/model_weights/dense/dense/kernel:0")), LINKS, id="link to itself"
        ),
        pytest.param(
            put(h5py.SoftLink("/model_weights"), "model_weights/dense"), LINKS, id="link circle"
        ),
        pytest.param(put(h5py.ExternalLink("other.h5", "/d")), LINKS, id="external link"),
        pytest.param(put(h5py.ExternalLink("fifo.h5", "/d")), LINKS, id="link to a pipe"),
        pytest.param(
            put(h5py.ExternalLink("other.h5", "/d"), "model_weights/dense"), LINKS, id="layer link"
        ),
        pytest.param(
            put(h5py.ExternalLink("other.h5", "/d"), "model_weights"), LINKS, id="group link"
        ),
        pytest.param(
            put(make(shape=(3, 4), dtype="f4", external=[("/etc/passwd", 0, 48)])),
            "values in other files",
            id="external storage",
        ),
        pytest.param(
            put(make(shape=(12,), dtype="f4", external=[("/proc/self/environ", 0, 48)])),
            "values in other files",
            id="environment as storage",
        ),
        pytest.param(
            put(make(shape=(12,), dtype="f4", external=[("fifo.h5", 0, 48)])),
            "values in other files",
            id="pipe as storage",
        ),
        pytest.param(put(virtual), "values in other files", id="virtual"),
        pytest.param(put(virtual_without_source), "values in other files", id="virtual, no source"),
        pytest.param(put(group_in_place), "has no dataset at", id="group for a weight"),
        pytest.param(put(named_type), "has no dataset at", id="type for a weight"),
        pytest.param(
            put(KERNEL, "model_weights/dense"), "has no group at", id="dataset for a layer"
        ),
        pytest.param(put("text"), "neither numbers nor booleans", id="text for a weight"),
        pytest.param(put(KERNEL.astype("c8")), "neither numbers nor booleans", id="complex"),
        pytest.param(
            put(make(data=np.zeros(3, "V4"))), "neither numbers nor booleans", id="opaque"
        ),
        pytest.param(
            put(make(shape=(3,), dtype=h5py.enum_dtype({"A": 0, "B": 1}))),
            "neither numbers nor booleans",
            id="enum",
        ),
        pytest.param(
            put(make(shape=(3,), dtype=[("a", "f4"), ("b", "f4")])),
            "neither numbers nor booleans",
            id="compound",
        ),
        pytest.param(
            put(make(shape=(3,), dtype=h5py.ref_dtype)),
            "neither numbers nor booleans",
            id="references",
        ),
        pytest.param(
            put(make(shape=(3,), dtype=h5py.vlen_dtype("f4"))),
            "neither numbers nor booleans",
            id="lists",
        ),
        pytest.param(
            put(make(shape=(3,), dtype=np.dtype("(4,)f4"))),
            "neither numbers nor booleans",
            id="arrays of numbers",
        ),
        pytest.param(put(make(shape=(3,), dtype="g")), "neither numbers", id="long double"),
        pytest.param(put(h5py.Empty("f4")), "has no shape", id="no shape"),
        pytest.param(
            put(make(shape=(1 << 20, 1 << 20), dtype="f4")), "but stores 0", id="unwritten"
        ),
        pytest.param(
            put(make(shape=(3, 4), dtype="f4", chunks=(2, 2))),
            "never written completely",
            id="unwritten chunks",
        ),
        pytest.param(
            put(make(shape=(1 << 38,), dtype="f4", chunks=(1 << 28,))),
            "never written completely",
            id="a terabyte of unwritten chunks",
        ),
        pytest.param(
            put(make(shape=(60_000,), dtype="f4", chunks=(1,))), "60000 chunks", id="tiny chunks"
        ),
        pytest.param(put(bomb), "declares 2147483648 bytes but stores", id="bomb"),
        pytest.param(put(packed_twice), "is packed with gzip, which", id="packed twice"),
        pytest.param(put(plug_in), "with filter 32015", id="plug-in"),
        pytest.param(put(make(data=KERNEL, compression="lzf")), "packed with lzf", id="lzf"),
        pytest.param(
            put(make(data=KERNEL, chunks=(3, 4), scaleoffset=2)), "with filter 6", id="scale-offset"
        ),
    ],
)
def test_a_file_that_holds_no_whole_model_is_refused(
    change: Change, found: str, tmp_path: Path
) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as other:
        other["d"] = KERNEL
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "fifo.h5")  # Whoever opens it waits for ever.
    path = write_model(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(ConversionError) as caught:
        read_model(path)
    assert str(caught.value).startswith("m.h5 ")
    assert found in str(caught.value)
    assert len(caught.value.reasons) == 1


@pytest.mark.parametrize(
    ("change", "found"),
    [
        pytest.param(lambda data: b"", "is empty", id="empty"),
        pytest.param(lambda data: b"x" * 99, "is a text file", id="text"),
        pytest.param(lambda data: data[:96], STOPPED, id="superblock only"),
        pytest.param(lambda data: data[:-1], STOPPED, id="a byte is missing"),
        pytest.param(lambda data: data[:96] + bytes(len(data) - 96), DAMAGED, id="zeros"),
    ],
)
def test_a_damaged_file_is_refused(
    change: Callable[[bytes], bytes], found: str, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "m.h5")
    path.write_bytes(change(path.read_bytes()))
    with pytest.raises(ConversionError) as caught:
        read_model(path)
    assert found in str(caught.value)


KILLED_WRITER = """
import os, sys, h5py
file = h5py.File(sys.argv[1], "r+", libver=sys.argv[2])
file.attrs["more"] = 1
file.flush()
os._exit(0)
"""


@pytest.mark.parametrize(("libver", "version"), [("earliest", 0), ("latest", 3)])
def test_a_file_whose_writer_was_killed_after_a_flush_is_refused(
    libver: str, version: int, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "m.h5", file_options={"libver": libver})
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path), libver], check=True)
    fd = open_source(path)
    assert (probe(fd), path.read_bytes()[8]) == (Readiness.FLAGGED, version)
    os.close(fd)
    with pytest.raises(ConversionError, match="is incomplete: its writer never closed it"):
        read_model(path)


def test_a_chunk_that_inflates_short_publishes_no_memory(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        put(inflates_short)(file)
    with open_keras_file(path) as opened:
        kernel = opened.model.weights[0]
        with pytest.raises(ConversionError, match="holds 9 bytes where 48 were expected"):
            opened.read(kernel, 0, 12)


def test_a_file_that_becomes_shorter_is_busy(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with open_keras_file(path) as opened:
        os.truncate(path, 100)
        with pytest.raises(SourceBusyError, match=r"^m\.h5 became shorter"):
            opened.read(opened.model.weights[0], 0, 12)


@pytest.mark.parametrize(("start", "stop"), [(-1, 3), (0, 13), (5, 4)])
def test_a_range_outside_a_weight_is_an_error(start: int, stop: int, tmp_path: Path) -> None:
    with (
        open_keras_file(write_model(tmp_path / "m.h5")) as opened,
        pytest.raises(ValueError, match="is no range of 'dense/kernel'"),
    ):
        opened.read(opened.model.weights[0], start, stop)


def test_an_error_of_the_caller_is_not_taken_for_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match="mine"), open_keras_file(write_model(tmp_path / "m.h5")):
        raise KeyError("mine")


def test_the_structure_of_a_model(tmp_path: Path) -> None:
    training = {"loss": "mse"}
    model = read_model(write_model(tmp_path / "m.h5", training_config=training))
    assert (model.keras_version, model.backend, model.generation) == ("2.15.0", "tensorflow", 2)
    assert model.config == CONFIG
    assert model.training_config == training
    assert [(w.group, w.name, w.path, w.shape, w.dtype) for w in model.weights] == [
        ("dense", "dense/kernel", "model_weights/dense/dense/kernel:0", (3, 4), "<f4"),
        ("dense", "dense/bias", "model_weights/dense/dense/bias:0", (4,), "<f4"),
    ]


def test_what_an_early_file_leaves_out_is_none(tmp_path: Path) -> None:
    model = read_model(write_model(tmp_path / "m.h5", keras_version=None))
    assert (model.keras_version, model.generation, model.training_config) == (None, 2, None)


@pytest.mark.parametrize(
    ("training", "why"),
    [
        ("{", "that is no valid JSON"),
        ('{"optimizer_config": {"config": {"clipvalue": Infinity}}}', "which JSON cannot express"),
        ("[]", "training_config"),
    ],
    ids=["cut off", "infinity", "no object"],
)
def test_a_bad_training_config_is_left_out_and_told_of(
    tmp_path: Path, training: str, why: str
) -> None:
    model = read_model(write_model(tmp_path / "m.h5", training_config=training))
    assert model.training_config is None
    (warning,) = model.warnings
    assert warning.startswith("the training config is left out: it ")
    assert why in warning


def test_the_version_may_stand_at_the_weights_only(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5", keras_version="1.2.2")
    with h5py.File(path, "r+") as file:
        del file.attrs["keras_version"]
    assert read_model(path).generation == 1


def names(model: KerasModel) -> list[tuple[str, str]]:
    return [(weight.group, weight.name) for weight in model.weights]


def test_groups_come_in_byte_order_and_weights_in_listed_order(tmp_path: Path) -> None:
    one = np.zeros(1, "f4")
    layers: Layers = {
        layer: [(f"{layer}/b:0", one), (f"{layer}/a:0", one)]
        for layer in ("b", "a-x", "a/x", "é", "B", "b_10", "b_2")
    }
    expected = ["B", "a/x", "a-x", "b", "b_10", "b_2", "é"]
    found = names(read_model(write_model(tmp_path / "m.h5", layers)))
    assert found == [(layer, f"{layer}/{leaf}") for layer in expected for leaf in "ba"]


def test_lists_that_were_too_long_for_one_attribute_are_read(tmp_path: Path) -> None:
    one = np.zeros(1, "f4")
    layers: Layers = {f"l{i}": [(f"w{k}:0", one) for k in range(i + 1)] for i in range(4)}
    whole = names(read_model(write_model(tmp_path / "whole.h5", layers)))
    parts = names(read_model(write_model(tmp_path / "parts.h5", layers, split=3)))
    assert parts == whole
    assert len(whole) == 10


def test_weights_of_the_model_itself_are_kept(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        group = file["model_weights/top_level_model_weights"]
        group["scale:0"] = BIAS
        set_names(group, "weight_names", ["scale:0"], None)
    assert names(read_model(path))[-1] == ("top_level_model_weights", "scale")


def test_groups_that_no_layer_is_named_after_are_left_out(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with h5py.File(path, "r+") as file:
        file["model_weights/zombie/w"] = BIAS
        set_names(file["model_weights/zombie"], "weight_names", ["w"], None)
        del file["model_weights/top_level_model_weights"]
    assert {group for group, _ in names(read_model(path))} == {"dense"}


def test_two_layers_may_hold_weights_of_one_name(tmp_path: Path) -> None:
    layers: Layers = {"inner1": [("x/kernel:0", KERNEL)], "inner2": [("x/kernel:0", KERNEL)]}
    found = names(read_model(write_model(tmp_path / "m.h5", layers)))
    assert found == [("inner1", "x/kernel"), ("inner2", "x/kernel")]


def as_numbers(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return values in little-endian order; bfloat16 is the upper half of a float32."""
    if values.dtype.kind == "V":
        halves = np.stack([np.zeros(values.shape, "<u2"), values.view("<u2")], axis=-1)
        return halves.view("<f4")[..., 0]
    return values.astype(values.dtype.newbyteorder("<"))


VALUES = np.random.default_rng(1).integers(0, 100, (5, 3, 7))


@pytest.mark.parametrize("dtype", ["<f4", ">f4", "<f2", "<f8", ">i8", "|i1", "<u2", "|b1", "|V2"])
@pytest.mark.parametrize(
    ("options", "is_extent"),
    [
        pytest.param({}, True, id="contiguous"),
        pytest.param({"file_options": {"libver": "latest"}}, True, id="latest"),
        pytest.param({"file_options": {"userblock_size": 512}}, True, id="user block"),
        pytest.param({"chunks": (2, 2, 3)}, False, id="chunked"),
        pytest.param({"chunks": (2, 2, 3), "compression": 4}, False, id="gzip"),
        pytest.param(
            {"chunks": (5, 3, 7), "compression": 4, "shuffle": True, "fletcher32": True},
            False,
            id="gzip, shuffle, fletcher32",
        ),
        pytest.param({"chunks": (3, 1, 7), "fletcher32": True}, False, id="fletcher32"),
        pytest.param(
            {"chunks": (2, 3, 7), "maxshape": (None, 9, 9), "compression": 1}, False, id="resizable"
        ),
        pytest.param(
            {"file_options": {"libver": "latest"}, "chunks": (4, 2, 2), "compression": 9},
            False,
            id="latest, gzip",
        ),
    ],
)
def test_values_are_read_as_they_were_written(
    dtype: str, options: dict[str, Any], is_extent: bool, tmp_path: Path
) -> None:
    values = VALUES.astype("<u2").view("|V2") if dtype == "|V2" else VALUES.astype(dtype)
    path = write_model(tmp_path / "m.h5", {"l": [("w:0", values)]}, **options)
    with open_keras_file(path) as opened:
        (weight,) = opened.model.weights
        little = as_numbers(values)
        assert (weight.shape, weight.dtype) == (values.shape, dtype)
        for start, stop in [(0, 105), (0, 1), (104, 105), (20, 64), (42, 42), (41, 43)]:
            read = opened.read(weight, start, stop)
            assert read.dtype == little.dtype
            assert read.tobytes() == little.reshape(-1)[start:stop].tobytes()
        assert (weight.extent is not None) is (is_extent and not dtype.startswith(">"))
        if weight.extent is not None:
            data = path.read_bytes()[weight.extent.offset :][: weight.extent.nbytes]
            assert data == values.tobytes()


def test_compact_scalar_and_empty_weights_are_read(tmp_path: Path) -> None:
    layers: Layers = {"l": [("s:0", np.array(2.5, "f4")), ("e:0", np.zeros((0, 3), "f4"))]}
    path = write_model(tmp_path / "m.h5", layers)
    with h5py.File(path, "r+") as file:
        group = file["model_weights/l"]
        plist = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plist.set_layout(h5py.h5d.COMPACT)
        space = h5py.h5s.create_simple((3, 4))
        made = h5py.h5d.create(group.id, b"c:0", h5py.h5t.IEEE_F32LE, space, plist)
        made.write(h5py.h5s.ALL, h5py.h5s.ALL, KERNEL)
        del made
        set_names(group, "weight_names", ["s:0", "e:0", "c:0"], None)
    with open_keras_file(path) as opened:
        read = {
            weight.name: opened.read(weight, 0, math.prod(weight.shape)).tolist()
            for weight in opened.model.weights
        }
        assert opened.model.weights[2].extent is None
        assert opened.read(opened.model.weights[2], 3, 5).tolist() == [3, 4]
    assert read == {"s": [2.5], "e": [], "c": KERNEL.reshape(-1).tolist()}


def test_a_descriptor_stays_open_and_outlives_its_name(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    fd = open_source(path)
    path.unlink()
    with open_keras_file(fd, "m.h5") as opened:
        assert opened.read(opened.model.weights[1], 0, 4).tolist() == BIAS.tolist()
    os.fstat(fd)
    os.close(fd)


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="/proc tells open descriptors")
def test_a_path_leaves_no_descriptor_open(tmp_path: Path) -> None:
    good, bad = write_model(tmp_path / "m.h5"), write_model(tmp_path / "bad.h5", config="")
    read_model(good)
    with pytest.raises(ConversionError):
        read_model(bad)
    still_open = []
    for link in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):  # Other threads close theirs meanwhile.
            still_open.append(link.readlink())
    assert [path for path in still_open if path.is_relative_to(tmp_path)] == []


@pytest.mark.skipif(sys.platform == "win32", reason="flock")
def test_a_training_process_can_save_over_a_file_that_is_being_read(tmp_path: Path) -> None:
    import fcntl

    path = write_model(tmp_path / "m.h5")
    with open_keras_file(path) as opened:
        with path.open("r+b") as writer:
            fcntl.flock(writer, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # As Keras saves, with the locks of libhdf5: it truncates first and locks then.
        write_model(path, {**DENSE, "more": [("w:0", KERNEL)]}, file_options={"locking": True})
        assert len(opened.model.weights) == 2
    assert len(read_model(path).weights) == 3


EARLY_INPUT = {"class_name": "InputLayer", "config": {"name": "x", "input_dtype": "float32"}}


@pytest.mark.parametrize(
    ("config", "generation"),
    [
        pytest.param({"class_name": "Sequential", "config": []}, 2, id="nothing tells"),
        pytest.param({"class_name": "Sequential", "config": [EARLY_INPUT]}, 1, id="a list"),
        pytest.param(
            {"class_name": "Model", "config": {"layers": [EARLY_INPUT]}}, 1, id="functional"
        ),
    ],
)
def test_without_a_version_the_config_tells_the_generation(
    config: object, generation: int, tmp_path: Path
) -> None:
    path = write_model(tmp_path / "m.h5", config=config, keras_version=None)
    assert read_model(path).generation == generation


@pytest.mark.parametrize(
    ("version", "names", "backend"),
    [
        pytest.param("1.2.2", ["d_W:0", "d_b:0"], "tensorflow", id="TensorFlow"),
        pytest.param("1.2.2", ["d_W", "d_b"], "theano", id="Theano"),
        pytest.param("1.2.2", [], None, id="no weights"),
        pytest.param("2.0.0", ["d/kernel", "d/bias"], None, id="Keras 2 writes it"),
    ],
)
def test_names_tell_the_backend_of_keras_1(
    version: str, names: list[str], backend: str | None, tmp_path: Path
) -> None:
    weights = [(name, KERNEL) for name in names]
    path = write_model(tmp_path / "m.h5", {"d": weights}, keras_version=version)
    with h5py.File(path, "r+") as file:
        for owner in (file, file["model_weights"]):
            del owner.attrs["backend"]
    assert read_model(path).backend == backend


def test_layers_come_in_the_order_of_the_model(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5", {"b": [], "a": [("a/kernel:0", KERNEL)]})
    assert read_model(path).layer_names == ("b", "a")
