"""Labels and notes beside a model file."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tfjs_serve.keras_files.beside import (
    BYTES_LIMIT,
    NOTHING_BESIDE,
    Beside,
    identities_beside,
    is_written_beside,
    model_stem,
    names_beside,
    read_beside,
)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tmp_path / "m.h5"


def put(model: Path, name: str, content: str | bytes) -> None:
    data = content.encode() if isinstance(content, str) else content
    model.with_name(name).write_bytes(data)


@pytest.mark.parametrize(
    "name",
    [
        *("labels.txt", "m.labels", "m.txt", "m.json", "m.notes.json", "m.labels.csv"),
        *("m.labels.txt.part", "m.labels.txt~", "m.LABELS.TXT", ".labels.txt", ".m.labels.txt"),
        *("a/.labels.json", "a/.m.labels.json"),
    ],
)
def test_other_files_lie_beside_nothing(name: str) -> None:
    assert model_stem(name) is None


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("m.labels.txt", "m"),
        ("m.labels.json", "m"),
        ("m.v2.preprocessing.json", "m.v2"),
        ("vision/m.preprocessing.txt", "vision/m"),
    ],
)
def test_the_models_that_a_file_lies_beside(name: str, stem: str) -> None:
    assert model_stem(name) == stem
    assert name in names_beside(f"{stem}.h5")
    assert name in names_beside(f"{stem}.KERAS")


def test_a_model_alone(model: Path) -> None:
    put(model, "other.labels.txt", "a")
    put(model, "m.h5.labels.txt", "a")
    assert read_beside(model) == NOTHING_BESIDE
    assert identities_beside(model) == ()
    assert not is_written_beside(model)


@pytest.mark.parametrize(
    ("name", "content", "metadata"),
    [
        pytest.param("m.labels.txt", "cat\ndog\n", {"labels": ["cat", "dog"]}, id="lines"),
        pytest.param("m.labels.txt", "cat\r\ndog", {"labels": ["cat", "dog"]}, id="Windows"),
        pytest.param("m.labels.txt", "﻿größe\n", {"labels": ["größe"]}, id="mark"),
        pytest.param("m.labels.txt", "a\n\n b \n\n\n", {"labels": ["a", "", " b "]}, id="places"),
        pytest.param("m.labels.txt", "", {"labels": []}, id="empty"),
        pytest.param("m.labels.json", '["a", "b"]', {"labels": ["a", "b"]}, id="list"),
        pytest.param("m.labels.json", '{"0": "a"}', {"labels": {"0": "a"}}, id="object"),
        pytest.param(
            "m.preprocessing.json",
            '{"scale": 0.5, "size": [224, 224]}',
            {"preprocessing": {"scale": 0.5, "size": [224, 224]}},
            id="preprocessing",
        ),
    ],
)
def test_what_is_read(model: Path, name: str, content: str, metadata: dict[str, Any]) -> None:
    put(model, name, content)
    assert read_beside(model) == Beside(metadata)
    assert [found for found, _ in identities_beside(model)] == [name]


def test_json_counts_before_text(model: Path) -> None:
    put(model, "m.labels.txt", "a")
    put(model, "m.labels.json", '["b"]')
    put(model, "m.preprocessing.json", "{}")
    warning = "m.labels.txt is not read: m.labels.json counts"
    assert read_beside(model) == Beside({"labels": ["b"], "preprocessing": {}}, (warning,))


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        pytest.param("m.labels.txt", b"a\nb\xff\n", "is not UTF-8 (byte 3)", id="not UTF-8"),
        pytest.param("m.labels.json", "7", "is neither a list nor an object", id="number"),
        pytest.param(
            "m.labels.json",
            "[NaN]",
            "has the number NaN in its text, which JSON cannot express",
            id="NaN",
        ),
        pytest.param(
            "m.labels.json", "[" * 501 + "]" * 501, "has a text nested more than 500 levels deep",
            id="deep",
        ),
        pytest.param(
            "m.labels.txt", b"a" * (BYTES_LIMIT + 1), "is larger than 1048576 bytes", id="too large"
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_of(
    model: Path, name: str, content: str | bytes, why: str
) -> None:
    put(model, name, content)
    put(model, "m.preprocessing.txt", "kept")
    warning = f"{name} is left out: it {why}"
    assert read_beside(model) == Beside({"preprocessing": ["kept"]}, (warning,))


def test_broken_json_is_told_of(model: Path) -> None:
    put(model, "m.labels.json", '["a",')
    (warning,) = read_beside(model).warnings
    assert warning.startswith("m.labels.json is left out: it has a text that is no valid JSON (")


def test_the_largest_file_is_read(model: Path) -> None:
    put(model, "m.labels.txt", b"a" * BYTES_LIMIT)
    assert read_beside(model) == Beside({"labels": ["a" * BYTES_LIMIT]})


def test_links_are_not_followed(model: Path) -> None:
    put(model, "secret", "a")
    model.with_name("m.labels.txt").symlink_to("secret")
    warning = "m.labels.txt is left out: it is a symbolic link, which is not followed"
    assert read_beside(model) == Beside({}, (warning,))
    assert not is_written_beside(model)


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_nothing_blocks(model: Path, kind: str) -> None:
    path = model.with_name("m.labels.txt")
    os.mkfifo(path) if kind == "pipe" else path.mkdir()
    warning = "m.labels.txt is left out: it cannot be read (it is no file)"
    assert read_beside(model) == Beside({}, (warning,))
    assert not is_written_beside(model)


def test_a_writer_shows(model: Path) -> None:
    with model.with_name("m.labels.txt").open("w"):
        assert is_written_beside(model)
    assert not is_written_beside(model)
