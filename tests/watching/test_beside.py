"""Labels beside a model are part of it: new, changed and gone ones make a new version."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.convert.files import write
from tests.watching.running import LIMIT_S, Place, Running, finish
from tfjs_serve.events import Converted, Reused
from tfjs_serve.watching.seen import Seen
from tfjs_serve.watching.snapshot import Scope

REAL = "tfjs_serve.convert:stage"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    models = tmp_path / "models"
    models.mkdir()
    return Place(models)


def metadata(running: Running, name: str) -> Any:
    entry = running.library.entry(name)
    assert entry is not None
    assert entry.current is not None
    return json.loads(entry.current.artifacts.model_json).get("userDefinedMetadata")


async def until_metadata(running: Running, name: str, wanted: Any) -> None:
    async with asyncio.timeout(LIMIT_S):
        while metadata(running, name) != wanted:
            await running.until(Converted, name)


def test_labels_of_no_model_wake_nothing(place: Place) -> None:
    write(place.models / "m.h5")

    async def work() -> None:
        async with place.run(job=REAL) as running:
            await running.until(Converted, "m")
            (place.models / "n.labels.txt").write_text("a")
            (place.models / ".m.labels.txt").write_text("a")
            (place.models / "a").mkdir()
            (place.models / "a/m.labels.txt").write_text("a")
            write(place.models / "z.h5")  # Later than these.
            await running.until(Converted, "z")
            await running.idle()
            assert [e.name for e in running.told if isinstance(e, Converted | Reused)] == ["m", "z"]

    finish(work())


@pytest.mark.parametrize("poll", [None, True], ids=["events", "polling"])
def test_labels_come_change_and_go(place: Place, poll: bool | None) -> None:
    (place.models / "a").mkdir()
    path = write(place.models / "a/m.h5")
    labels = path.with_name("m.labels.txt")

    async def work() -> None:
        async with place.run(job=REAL, poll=poll) as running:
            digest = (await running.until(Converted, "a/m")).digest
            assert metadata(running, "a/m") is None
            labels.write_text("cat\ndog\n")
            await until_metadata(running, "a/m", {"labels": ["cat", "dog"]})
            labels.write_text("cat\nfox\n")
            await until_metadata(running, "a/m", {"labels": ["cat", "fox"]})
            path.with_name("m.preprocessing.json").write_text('{"scale": 2}')
            both = {"labels": ["cat", "fox"], "preprocessing": {"scale": 2}}
            await until_metadata(running, "a/m", both)
            labels.unlink()
            await until_metadata(running, "a/m", {"preprocessing": {"scale": 2}})
            path.with_name("m.preprocessing.json").unlink()
            await until_metadata(running, "a/m", None)
            assert running.digest("a/m") == digest

    finish(work())


def test_a_broken_file_is_a_warning_that_goes_with_its_cause(place: Place) -> None:
    path = write(place.models / "m.h5")
    labels = path.with_name("m.labels.json")
    labels.write_text("[")

    async def work() -> None:
        async with place.run(job=REAL) as running:
            (warning,) = (await running.until(Converted, "m")).warnings
            assert warning.text.startswith("m.labels.json is left out: it has a text that is no")
            labels.write_text('["a"]')
            await until_metadata(running, "m", {"labels": ["a"]})
            entry = running.library.entry("m")
            assert entry is not None
            assert entry.current is not None
            assert entry.current.artifacts.summary.warnings == ()

    finish(work())


def test_a_file_that_breaks_beside_a_served_model_is_told(place: Place) -> None:
    path = write(place.models / "m.h5")

    async def work() -> None:
        async with place.run(job=REAL) as running:
            assert (await running.until(Converted, "m")).warnings == ()
            path.with_name("m.labels.json").write_text('"bad')
            (warning,) = (await running.until(Reused, "m")).warnings
            assert warning.text.startswith("m.labels.json is left out: it has a text that is no")
            entry = running.library.entry("m")
            assert entry is not None
            assert entry.current is not None
            assert entry.current.artifacts.summary.warnings == (warning,)
            assert entry.current.artifacts.report.notes == (warning,)

    finish(work())


def test_a_restart_converts_again_when_the_labels_differ(place: Place) -> None:
    path = write(place.models / "m.h5")
    labels = path.with_name("m.labels.txt")
    labels.write_text("a")

    async def first() -> None:
        async with place.run(job=REAL) as running:
            await running.until(Converted, "m")

    async def same() -> None:
        async with place.run(job=REAL) as running:
            await running.until(Reused, "m")
            await running.idle()
            assert not [event for event in running.told if isinstance(event, Converted)]

    async def changed() -> None:
        async with place.run(job=REAL) as running:
            await running.until(Converted, "m")
            assert metadata(running, "m") == {"labels": ["b"]}

    finish(first())
    finish(same())
    labels.write_text("b")
    finish(changed())


def test_a_look_and_a_scan_see_the_same(tmp_path: Path) -> None:
    scope = Scope(tmp_path, tmp_path / "served")
    (tmp_path / "a").mkdir()
    for name in ("a/m.h5", "a/m.keras", "a/mm.h5", "a/m.v2.h5", "a/m.labels.txt"):
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / "a/m.labels.json").symlink_to("m.h5")
    os.mkfifo(tmp_path / "a/m.preprocessing.json")
    found = scope.scan()
    assert set(found) == {"a/m.h5", "a/m.keras", "a/mm.h5", "a/m.v2.h5"}
    names = ["m.labels.json", "m.labels.txt", "m.preprocessing.json"]
    for path, seen in found.items():
        is_beside = path in ("a/m.h5", "a/m.keras")
        assert [name for name, _ in seen.beside] == (names if is_beside else [])
        assert seen == Seen.of(tmp_path / path)
    both = {path: found[path] for path in ("a/m.h5", "a/m.keras")}
    assert scope.look(found, ["a/m.labels.txt"]) == both
    assert scope.look(found, ["a/n.labels.txt", "m.labels.txt"]) == {}
    assert scope.look({}, ["a/m.labels.txt"]) == {}
