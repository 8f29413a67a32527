from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

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
from tests.front_ends.configs import dense, sequential
from tests.keras_files.h5_samples import BIAS, KERNEL
from tfjs_serve.artifacts import Artifacts, Options, Shard
from tfjs_serve.convert import stage
from tfjs_serve.errors import ConversionError, SourceBusyError
from tfjs_serve.layers_format.model_json import digest

OPTIONS = Options()


@pytest.fixture
def served(tmp_path: Path) -> Path:
    return tmp_path / "served"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "m.h5")


def store(served: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((served / "_w").iterdir())}


def shard(content: bytes) -> Shard:
    return Shard(f"{hashlib.sha256(content).hexdigest()[:32]}.bin", len(content))


def named(artifacts: Artifacts) -> list[str]:
    return manifest(artifacts.model_json)[0]


def test_a_model_without_weights_has_no_shards(tmp_path: Path, served: Path) -> None:
    config = sequential(INPUT, {**DENSE, "class_name": "Flatten", "config": {"name": "f"}})
    found = stage(write(tmp_path / "m.h5", config, {}), served, "m", OPTIONS)
    assert (found.shards, named(found), store(served)) == ((), [], {})


def test_a_refusal_leaves_no_file(tmp_path: Path, served: Path) -> None:
    with pytest.raises(ConversionError, match="a Lambda layer holds Python code"):
        stage(write(tmp_path / "m.h5", LAMBDA), served, "m", OPTIONS)
    assert not served.exists()


def test_shards_are_named_by_their_content(source: Path, served: Path) -> None:
    found = stage(source, served, "m", OPTIONS)
    only = shard(VALUES)
    assert found.shards == (only,)
    assert store(served) == {only.name: VALUES}
    assert found.digest == digest(found.model_json)
    assert found.nbytes == len(found.model_json) + len(VALUES)
    assert manifest(found.model_json) == (
        [f"../_w/{only.name}"],
        [("dense/kernel", (3, 4)), ("dense/bias", (4,))],
    )
    document = json.loads(found.model_json)
    assert document["convertedBy"].startswith("tfjs-serve ")
    assert document["generatedBy"] == "keras v2.15.0"


@pytest.mark.parametrize(
    ("name", "up"), [("m", "../"), ("a/m", "../../"), ("a/b c/größe", "../../../")]
)
def test_paths_climb_out_of_every_folder(source: Path, served: Path, name: str, up: str) -> None:
    found = stage(source, served, name, OPTIONS)
    assert named(found) == [f"{up}_w/{shard(VALUES).name}"]
    assert (served / name / named(found)[0]).resolve() == (served / "_w" / shard(VALUES).name)


def test_equal_content_has_one_digest_and_one_shard(
    tmp_path: Path, source: Path, served: Path
) -> None:
    # Written again: other addresses, other times, the same values.
    again = write(tmp_path / "again.h5", file_options={"userblock_size": 512})
    assert again.read_bytes() != source.read_bytes()
    first, second = (stage(path, served, "m", OPTIONS) for path in (source, again))
    assert first == second
    assert list(store(served)) == [shard(VALUES).name]


def test_a_new_head_changes_the_last_shard_only(tmp_path: Path, served: Path) -> None:
    config, layers = chain(20, 20, 20, 2)
    options = Options(weight_shard_size_bytes=1700)
    before = stage(write(tmp_path / "m.h5", config, layers), served, "m", options)
    layers["d3"] = [(name, values + 1) for name, values in layers["d3"]]
    after = stage(write(tmp_path / "n.h5", config, layers), served, "m", options)
    assert len(before.shards) == 4
    assert before.shards[:-1] == after.shards[:-1]
    assert before.shards[-1] != after.shards[-1]
    assert before.digest != after.digest
    contents = store(served)
    assert len(contents) == 5
    assert b"".join(contents[item.name] for item in after.shards) == joined(layers, sorted(layers))


def test_weights_lie_in_order_of_layers_not_of_names(tmp_path: Path, served: Path) -> None:
    kernels = {
        name: [(f"{name}/kernel", KERNEL[:, :3]), (f"{name}/bias", BIAS[:3])] for name in "ab"
    }
    entries = [dense(name, units=3) for name in "ba"]
    path = write(tmp_path / "m.h5", sequential(INPUT, *entries), kernels)
    weights = manifest(stage(path, served, "m", OPTIONS).model_json)[1]
    assert [name for name, _ in weights] == ["b/kernel", "b/bias", "a/kernel", "a/bias"]


def test_options_reach_the_model(source: Path, served: Path) -> None:
    found = stage(source, served, "m", Options(weight_shard_size_bytes=48, metadata={"a": 1}))
    assert json.loads(found.model_json)["userDefinedMetadata"] == {"a": 1}
    assert found.shards == (shard(KERNEL.tobytes()), shard(BIAS.tobytes()))


def test_a_shard_that_is_there_is_kept_and_marked_as_wanted(source: Path, served: Path) -> None:
    stage(source, served, "m", OPTIONS)
    path = served / "_w" / shard(VALUES).name
    os.utime(path, (1, 1))
    before = path.stat()
    stage(source, served, "m", OPTIONS)
    assert path.stat().st_ino == before.st_ino
    assert path.stat().st_mtime > before.st_mtime


def test_a_shard_of_another_length_is_replaced(source: Path, served: Path) -> None:
    (served / "_w").mkdir(parents=True)
    (served / "_w" / shard(VALUES).name).write_bytes(b"cut off")
    stage(source, served, "m", OPTIONS)
    assert store(served) == {shard(VALUES).name: VALUES}


def test_a_failure_leaves_no_temporary(source: Path, served: Path) -> None:
    blocked = served / "_w" / shard(BIAS.tobytes()).name
    blocked.mkdir(parents=True)
    (blocked / "file").touch()
    with pytest.raises(OSError, match="directory"):
        stage(source, served, "m", Options(weight_shard_size_bytes=48))
    assert sorted(p.name for p in (served / "_w").iterdir()) == sorted(
        [blocked.name, shard(KERNEL.tobytes()).name]
    )


def test_a_file_that_changes_while_it_is_read_is_busy(source: Path, served: Path) -> None:
    options = Options(metadata=ChangesAtTheEnd(source))
    with pytest.raises(SourceBusyError) as error:
        stage(source, served, "m", options)
    assert str(error.value) == "m.h5 changed while it was read"
    assert list(store(served)) == [shard(VALUES).name]  # its content is right whatever its name is
    stage(source, served, "m", OPTIONS)


@pytest.mark.skipif(not hasattr(os, "preadv"), reason="only Linux tells of writers")
def test_a_file_that_is_being_written_is_busy(source: Path, served: Path) -> None:
    with source.open("ab"), pytest.raises(SourceBusyError) as error:
        stage(source, served, "m", OPTIONS)
    assert str(error.value) == "m.h5 is being written"
    assert not served.exists()


def test_a_missing_file_is_refused(tmp_path: Path, served: Path) -> None:
    with pytest.raises(ConversionError, match=r"m\.h5 cannot be opened"):
        stage(tmp_path / "m.h5", served, "m", OPTIONS)


@pytest.mark.parametrize("is_link", [False, True])
def test_a_file_that_only_looks_like_a_shard_is_replaced(
    source: Path, served: Path, is_link: bool
) -> None:
    (served / "_w").mkdir(parents=True)
    target = served / "_w" / shard(VALUES).name
    other = served.parent / "other"
    other.write_bytes(VALUES if is_link else bytes(len(VALUES)))
    if is_link:
        target.symlink_to(other)
    else:
        target.write_bytes(other.read_bytes())
    stage(source, served, "m", OPTIONS)
    assert not target.is_symlink()
    assert store(served) == {shard(VALUES).name: VALUES}
