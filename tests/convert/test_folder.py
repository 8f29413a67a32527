from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.convert.files import (
    DENSE,
    INPUT,
    LAMBDA,
    VALUES,
    ChangesAtTheEnd,
    chain,
    joined,
    manifest,
    write,
)
from tests.fixtures.cases import CASES
from tests.front_ends.configs import dense, sequential
from tests.keras_files.h5_samples import BIAS, KERNEL, Layers
from tfjs_serve import Conversion, ConversionError, convert_file, save_keras_model
from tfjs_serve.errors import SourceBusyError, UsageError
from tfjs_serve.layers_format.model_json import digest
from tfjs_serve.report import Note, NoteKind

ONLY = "group1-shard1of1.bin"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "m.h5")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "a" / "out"


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(
            {"shards": 1},
            "convert_file: found shards, expected weight_shard_size_bytes, metadata",
            id="unknown",
        ),
        *(
            pytest.param(
                {"weight_shard_size_bytes": size},
                f"convert_file: weight_shard_size_bytes: found {size!r}, expected a whole number",
                id=f"shards of {size!r} bytes",
            )
            for size in (0, -1, None, True, 4.0, "x")
        ),
        pytest.param(
            {"metadata": ["a"]},
            "convert_file: metadata: found ['a'], expected a table",
            id="metadata list",
        ),
        pytest.param(
            {"metadata": {"a": float("nan")}},
            "convert_file: metadata: found {'a': nan}, expected a table of what JSON can hold",
            id="metadata with NaN",
        ),
        pytest.param(
            {"metadata": {"a": {1, 2}}},
            "convert_file: metadata: found {'a': {1, 2}}, expected a table of what JSON can hold",
            id="metadata with a set",
        ),
    ],
)
def test_wrong_options_do_nothing(
    source: Path, out: Path, options: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(UsageError) as error:
        convert_file(source, out, **options)
    assert str(error.value).startswith(sentence)
    assert not out.parent.exists()


def test_a_refusal_makes_no_folder(tmp_path: Path, out: Path) -> None:
    with pytest.raises(ConversionError) as error:
        convert_file(write(tmp_path / "m.h5", LAMBDA), out)
    assert [reason.class_name for reason in error.value.reasons] == ["Lambda"]
    assert not out.exists()


def test_an_output_that_is_a_file_is_left_alone(source: Path, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("mine")
    with pytest.raises(UsageError) as error:
        convert_file(source, target)
    assert str(error.value) == f"{target}: already exists as a file; name a folder for the output"
    assert target.read_text() == "mine"


def test_a_file_that_changes_leaves_the_last_good_output(source: Path, out: Path) -> None:
    convert_file(source, out)
    before = files(out)
    with pytest.raises(SourceBusyError) as error:
        convert_file(source, out, metadata=ChangesAtTheEnd(source))
    assert str(error.value) == "m.h5 changed while it was read; convert it again"
    assert files(out) == before


def test_a_failure_leaves_no_temporary(source: Path, out: Path) -> None:
    (out / ONLY / "file").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        convert_file(source, out)
    assert [path.name for path in out.iterdir()] == [ONLY]


def test_names_are_the_official_ones(source: Path, out: Path) -> None:
    found = convert_file(source, out)
    written = files(out)
    assert written.keys() == {"model.json", ONLY}
    assert written[ONLY] == VALUES
    assert manifest(written["model.json"]) == (
        [ONLY],
        [("dense/kernel", (3, 4)), ("dense/bias", (4,))],
    )
    assert found == Conversion(
        digest=digest(written["model.json"]),
        files=("model.json", ONLY),
        warnings=(),
        report=found.report,
        summary=found.summary,
        nbytes=sum(map(len, written.values())),
    )
    assert found.summary.parameters == 16


def test_weights_come_in_the_order_of_the_file(tmp_path: Path, out: Path) -> None:
    """The official tool goes by HDF5's order of groups, which is that of their names' bytes."""
    kernels = {
        name: [(f"{name}/kernel", KERNEL[:, :3]), (f"{name}/bias", BIAS[:3])] for name in "bCa"
    }
    entries = [dense(name, units=3) for name in "baC"]
    convert_file(write(tmp_path / "m.h5", sequential(INPUT, *entries), kernels), out)
    written = files(out)
    assert [name for name, _ in manifest(written["model.json"])[1]] == [
        f"{layer}/{role}" for layer in "Cab" for role in ("kernel", "bias")
    ]
    assert written[ONLY] == joined(kernels, "Cab")


@pytest.mark.parametrize(
    ("size", "lengths"),
    [
        (63, [63, 1]),
        (64, [64]),
        pytest.param(int(64 * 0.3), [19, 19, 19, 7], id="0.3 of all"),
        (20, [20, 20, 20, 4]),
        (10**9, [64]),
    ],
)
def test_shards_are_cut_as_the_official_tool_cuts(
    source: Path, out: Path, size: int, lengths: list[int]
) -> None:
    found = convert_file(source, out, weight_shard_size_bytes=size)
    names = [f"group1-shard{i + 1}of{len(lengths)}.bin" for i in range(len(lengths))]
    assert found.files == ("model.json", *names)
    written = files(out)
    assert manifest(written["model.json"])[0] == names
    assert [len(written[name]) for name in names] == lengths
    assert b"".join(written[name] for name in names) == VALUES


def test_a_model_without_weights_names_no_shard(tmp_path: Path, out: Path) -> None:
    config = sequential(INPUT, {**DENSE, "class_name": "Flatten", "config": {"name": "f"}})
    found = convert_file(write(tmp_path / "m.h5", config, {}), out)
    assert found.files == ("model.json",)
    assert manifest(files(out)["model.json"]) == ([], [])


@pytest.mark.parametrize("is_split", [False, True])
def test_a_group_for_each_layer(tmp_path: Path, out: Path, is_split: bool) -> None:
    """As keras_h5_conversion_test.py has it: two entries and one, or three in one group."""
    config = sequential(INPUT, dense("d1", units=4), dense("d2", units=2, use_bias=False))
    layers: Layers = {
        "d1": [("d1/kernel:0", KERNEL), ("d1/bias:0", BIAS)],
        "d2": [("d2/kernel:0", KERNEL[:2].reshape(4, 2))],
    }
    path = write(tmp_path / "m.h5", config, layers)
    found = convert_file(path, out, split_weights_by_layer=is_split, weight_shard_size_bytes=50)
    groups = json.loads((out / "model.json").read_text())["weightsManifest"]
    assert [[entry["name"] for entry in group["weights"]] for group in groups] == (
        [["d1/kernel", "d1/bias"], ["d2/kernel"]]
        if is_split
        else [["d1/kernel", "d1/bias", "d2/kernel"]]
    )
    assert [group["paths"] for group in groups] == (
        [["group1-shard1of2.bin", "group1-shard2of2.bin"], ["group2-shard1of1.bin"]]
        if is_split
        else [["group1-shard1of2.bin", "group1-shard2of2.bin"]]
    )
    assert found.files == ("model.json", *(path for group in groups for path in group["paths"]))
    written = files(out)
    assert b"".join(written[name] for name in found.files[1:]) == joined(layers, ["d1", "d2"])


def test_a_split_model_without_weights_has_one_empty_group(tmp_path: Path, out: Path) -> None:
    config = sequential(INPUT, {**DENSE, "class_name": "Flatten", "config": {"name": "f"}})
    convert_file(write(tmp_path / "m.h5", config, {}), out, split_weights_by_layer=True)
    assert manifest(files(out)["model.json"]) == ([], [])


def test_layer_names_with_slashes_are_kept(tmp_path: Path, out: Path) -> None:
    names = ("dense", "foo/dense", "foo/bar/dense")
    units = dict(zip(names, (2, 8, 4), strict=True))
    layers, before = {}, 3
    for name, count in units.items():
        kernel = np.ones((before, count), "f4")
        layers[name] = [(f"{name}/kernel:0", kernel), (f"{name}/bias:0", kernel[0])]
        before = count
    config = sequential(INPUT, *(dense(name, units=count) for name, count in units.items()))
    convert_file(write(tmp_path / "m.h5", config, layers), out, split_weights_by_layer=True)
    groups = json.loads((out / "model.json").read_text())["weightsManifest"]
    # The file has one group called foo, in which bar comes first.
    assert [[(e["name"], e["shape"]) for e in group["weights"]] for group in groups] == [
        [("dense/kernel", [3, 2]), ("dense/bias", [2])],
        [
            *(("foo/bar/dense/kernel", [8, 4]), ("foo/bar/dense/bias", [4])),
            *(("foo/dense/kernel", [2, 8]), ("foo/dense/bias", [8])),
        ],
    ]


def test_a_nested_sequential_model_has_all_its_weights(tmp_path: Path, out: Path) -> None:
    inner = sequential(INPUT, dense("d1", units=4), dense("d2", units=3), name="inner")
    config = sequential(inner, dense("top", units=1), name="outer")
    kernels = {"d1": (3, 4), "d2": (4, 3), "top": (3, 1)}
    weights = {
        name: [(f"{name}/kernel:0", np.ones(s, "f4")), (f"{name}/bias:0", np.ones(s[1], "f4"))]
        for name, s in kernels.items()
    }
    layers = {"inner": weights["d1"] + weights["d2"], "top": weights["top"]}
    convert_file(write(tmp_path / "m.h5", config, layers), out)
    assert [name for name, _ in manifest(files(out)["model.json"])[1]] == [
        f"{name}/{role}" for name in kernels for role in ("kernel", "bias")
    ]


def test_what_lies_beside_a_model_goes_under_what_the_user_says(source: Path, out: Path) -> None:
    source.with_name("m.labels.txt").write_text("a\nb\n")
    source.with_name("m.preprocessing.json").write_text('{"scale": 2}')
    convert_file(source, out, metadata={"labels": ["x"], "author": "y"})
    document = json.loads(files(out)["model.json"])
    expected = {"labels": ["x"], "preprocessing": {"scale": 2}, "author": "y"}
    assert document["userDefinedMetadata"] == expected


def test_broken_labels_are_a_warning(source: Path, out: Path) -> None:
    source.with_name("m.labels.json").write_text("7")
    (note,) = convert_file(source, out).warnings
    text = "m.labels.json is left out: it is neither a list nor an object"
    assert note == Note(text, kind=NoteKind.DROPPED)
    assert "userDefinedMetadata" not in json.loads(files(out)["model.json"])


def test_metadata_and_training_config_are_written(tmp_path: Path, out: Path) -> None:
    sgd = {"class_name": "SGD", "config": {"learning_rate": 0.5}}
    training = {"loss": "mse", "metrics": ["mine"], "optimizer_config": sgd}
    path = write(tmp_path / "m.h5", training_config=training)
    found = convert_file(str(path), str(out), metadata={"labels": ["größe"]})
    document = json.loads(files(out)["model.json"])
    assert document["userDefinedMetadata"] == {"labels": ["größe"]}
    assert document["modelTopology"]["training_config"] == {**training, "metrics": []}
    served = {"optimizer_config": sgd, "loss": "mean_squared_error", "metrics": []}
    assert document["trainingConfig"] == served
    assert found.summary.trainable
    assert found.warnings == (
        Note(
            "the custom metric 'mine' is left out: it matters to training only",
            kind=NoteKind.DROPPED,
        ),
    )


def test_a_folder_is_used_again(source: Path, tmp_path: Path, out: Path) -> None:
    out.mkdir(parents=True)
    (out / "mine.txt").write_text("mine")
    first = convert_file(source, out)
    config, layers = chain(5)
    second = convert_file(write(tmp_path / "n.h5", config, layers), out)
    assert first.files == second.files
    written = files(out)
    assert written.keys() == {"mine.txt", *second.files}
    assert written[ONLY] == joined(layers, ["d0"])
    assert digest(written["model.json"]) == second.digest


def test_conversion_is_repeatable_and_leaves_the_source_alone(source: Path, out: Path) -> None:
    before, stamp = source.read_bytes(), source.stat().st_mtime_ns
    assert convert_file(source, out) == convert_file(source, out.with_name("again"))
    assert (source.read_bytes(), source.stat().st_mtime_ns) == (before, stamp)


class Model:
    """Saves itself as a fixture, as a Keras model would save itself."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.saved_to: list[str] = []

    def save(self, filepath: str) -> None:
        self.saved_to.append(filepath)
        shutil.copy(self.file, filepath)


@pytest.mark.parametrize("case", ["keras2/dense", "keras3/dense"])
def test_a_live_model(out: Path, case: str) -> None:
    fixture = next(found for found in CASES if found.id == case).path
    model = Model(fixture)
    found = save_keras_model(model, out, weight_shard_size_bytes=64, metadata={"a": 1})
    (path,) = model.saved_to
    assert path.endswith(".h5")
    assert not Path(path).exists()
    expected = out.with_name("expected")
    assert found == convert_file(fixture, expected, weight_shard_size_bytes=64, metadata={"a": 1})
    assert files(out) == files(expected)


@pytest.mark.parametrize(
    ("given", "chosen"),
    [
        (None, {}),
        ({}, {}),
        ({"uint8": "*/kernel"}, {"dense/kernel": "uint8"}),
        ({"uint16": ["*/bias"], "uint8": True}, {"dense/kernel": "uint8", "dense/bias": "uint16"}),
    ],
)
def test_a_live_model_is_quantised(
    source: Path, out: Path, given: Any, chosen: dict[str, str]
) -> None:
    found = save_keras_model(Model(source), out, given).report.quantization
    assert ({} if found is None else {w.name: w.dtype for w in found.weights}) == chosen


def test_a_live_model_with_classes_that_the_page_registers(out: Path) -> None:
    path = next(found for found in CASES if found.id == "keras3/refused_custom_weights").path
    with pytest.raises(ConversionError):
        save_keras_model(Model(path), out)
    found = save_keras_model(Model(path), out, allow_custom=["MixIn", "Block"])
    assert found.summary.custom_classes == ("Block", "MixIn")


@pytest.mark.parametrize("given", ["m.h5", None, type("Half", (), {"save": 1})()])
def test_what_cannot_save_itself_is_no_live_model(out: Path, given: Any) -> None:
    with pytest.raises(UsageError) as error:
        save_keras_model(given, out)
    assert str(error.value) == (
        f"save_keras_model: found a {type(given).__name__}, expected a Keras model; "
        "convert_file converts a file"
    )
    assert not out.exists()


@pytest.mark.parametrize("given", [{"int8": "*"}, {"uint8": True, "uint16": True}])
def test_a_live_model_is_not_asked_for_what_cannot_be_done(
    source: Path, out: Path, given: Any
) -> None:
    model = Model(source)
    with pytest.raises(UsageError, match="save_keras_model: quantization_dtype_map: found"):
        save_keras_model(model, out, given)
    assert (model.saved_to, out.exists()) == ([], False)
