"""The watcher: a real folder, real events, real worker processes, and the library they fill."""

from __future__ import annotations

import asyncio
import ctypes
import errno
import gzip
import json
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.watching.jobs import save
from tests.watching.running import Place, Running, finish
from tfjs_serve.artifacts import Options
from tfjs_serve.events import Converted, Converting, Failed, Removed, Reused, Warned
from tfjs_serve.library import State
from tfjs_serve.watching.watcher import WITHDRAW_AFTER_S

KERAS_FILES = Path(__file__).parent.parent / "fixtures"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    models = tmp_path / "models"
    models.mkdir()
    return Place(models)


def test_an_empty_folder(place: Place) -> None:
    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            assert (running.count, running.watcher.pending, running.told) == (0, 0, [])

    finish(work())


def test_touching_makes_no_new_version(place: Place) -> None:
    path = place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            first = await running.until(Converted, "m")
            path.touch()
            again = await running.until(Reused, "m")
            entry = running.library.entry("m")
            assert entry is not None
            assert (again.digest, entry.previous) == (first.digest, ())
            assert entry.stamp is not None
            assert entry.stamp.mtime_ns == path.stat().st_mtime_ns

    finish(work())


def test_a_restart_converts_nothing_again(place: Place) -> None:
    place.save("m.h5", "one")
    place.save("sub/n.h5", "two")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            digests = [running.digest("m"), running.digest("sub/n")]
        async with place.run() as running:
            assert [type(event) for event in running.told] == [Reused, Reused]
            await running.idle()
            assert [running.digest("m"), running.digest("sub/n")] == digests
            assert len(running.told) == 2
            save(place.models / "m.h5", "three")
            assert (await running.until(Converted, "m")).digest not in digests

    finish(work())


def _touched(place: Place) -> None:
    os.utime(place.models / "m.h5", ns=(1, 1))


@pytest.mark.parametrize(
    ("change", "force", "options"),
    [
        pytest.param(None, True, None, id="force"),
        pytest.param(None, False, Options(metadata={"a": 1}), id="options"),
        pytest.param(_touched, False, None, id="stamp"),
    ],
)
def test_a_restart_converts_what_may_differ(
    place: Place, change: Callable[[Place], None] | None, force: bool, options: Options | None
) -> None:
    place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            digest = running.digest("m")
        if change is not None:
            change(place)
        async with place.run(force=force, options=options) as running:
            assert running.digest("m") == digest  # The last good version serves meanwhile.
            await running.idle()
            assert [type(event) for event in running.told] == [Converting, Converted]
        async with place.run(options=options) as running:
            assert [type(event) for event in running.told] == [Reused]

    finish(work())


def test_a_model_deleted_while_no_server_ran_is_withdrawn(place: Place) -> None:
    path = place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
        path.unlink()
        async with place.run() as running:
            assert running.told == [Removed("m")]
            assert running.texts() == {}
        assert not (place.models / ".tfjs-serve/m").exists()

    finish(work())


def _new(place: Place) -> None:
    place.save("n.h5", "new")


def _new_deep(place: Place) -> None:
    place.save("a/b/c/n.h5", "new")


def _move_in(place: Place) -> None:
    save(place.models.parent / "n.h5", "new")
    (place.models.parent / "n.h5").rename(place.models / "n.h5")


def _move_folder_in(place: Place) -> None:
    save(place.models.parent / "folder/deep/n.h5", "new")
    (place.models.parent / "folder").rename(place.models / "folder")


def _download(place: Place) -> None:
    place.save("n.h5.crdownload", "new").rename(place.models / "n.h5")


def _link(place: Place) -> None:
    place.save(".cache/1", "new")
    (place.models / "n.h5").symlink_to(".cache/1")


def _copy_slowly(place: Place) -> None:
    save(place.models.parent / "n.h5", "new")
    data = (place.models.parent / "n.h5").read_bytes()
    with (place.models / "n.h5").open("wb") as file:
        for start in range(0, len(data), 100):
            file.write(data[start : start + 100])
            file.flush()


@pytest.mark.parametrize("poll", [None, True], ids=["events", "poll"])
@pytest.mark.parametrize(
    ("act", "name"),
    [
        pytest.param(_new, "n", id="new"),
        pytest.param(_new_deep, "a/b/c/n", id="new-folders"),
        pytest.param(_move_in, "n", id="moved-in"),
        pytest.param(_move_folder_in, "folder/deep/n", id="folder-moved-in"),
        pytest.param(_download, "n", id="browser-download"),
        pytest.param(_link, "n", id="symbolic-link"),
        pytest.param(_copy_slowly, "n", id="slow-copy"),
    ],
)
def test_what_comes_is_served(
    place: Place, act: Callable[[Place], None], name: str, poll: bool | None
) -> None:
    async def work() -> None:
        async with place.run(poll=poll) as running:
            await running.until(Converted, await _first(running, place))
            act(place)
            await running.until(Converted, name)
            await running.idle()
            assert running.texts() == {"first": "first", name: "new"}
            assert [event for event in running.told if isinstance(event, Failed)] == []

    finish(work())


async def _first(running: Running, place: Place) -> str:
    place.save("first.h5", "first")
    return "first"


def test_a_change_is_served_and_the_old_version_stays_pinned(place: Place) -> None:
    place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            old = await running.until(Converted, "m")
            place.save("m.h5", "two")
            new = await running.until(Converted, "m")
            assert running.texts() == {"m": "two"}
            assert running.library.pinned("m", old.digest) is not None
            assert running.library.pinned("m", new.digest) is not None

    finish(work())


def test_every_epoch_of_a_training_appears(place: Place) -> None:
    async def work() -> None:
        async with place.run() as running:
            for epoch in range(30):
                await asyncio.to_thread(place.save, f"run/epoch{epoch}.h5", f"{epoch}")
            for epoch in range(30):
                if f"run/epoch{epoch}" not in running.texts():
                    await running.until(Converting, f"run/epoch{epoch}")
            await running.idle()
            assert running.texts() == {f"run/epoch{epoch}": f"{epoch}" for epoch in range(30)}
            assert not [event for event in running.told if isinstance(event, Failed)]

    finish(work())


def test_what_is_saved_while_it_is_converted_waits_as_the_newest_alone(place: Place) -> None:
    gate = place.models / "m.gate"

    async def work() -> None:
        async with place.run() as running:
            os.mkfifo(gate)
            place.save("m.h5", "gated 0")
            opened = await asyncio.to_thread(gate.open, "w")  # Once the conversion runs.
            for number in range(1, 40):
                await asyncio.to_thread(place.save, "m.h5", f"gated {number}")
            gate.unlink()
            opened.close()
            await _until_text(running, "m", "gated 39")
            await running.idle()
            begun = (place.models / "m.log").read_text().splitlines()
            assert (begun[0], begun[-1]) == ("gated 0", "gated 39")
            assert set(begun[1:]) == {"gated 39"}

    finish(work())


def test_a_fast_writer_is_coalesced_to_the_newest(place: Place) -> None:
    async def work() -> None:
        async with place.run() as running:
            for number in range(50):
                await asyncio.to_thread(place.save, "m.h5", f"version {number}")
            await _until_text(running, "m", "version 49")
            assert [event for event in running.told if isinstance(event, Failed)] == []

    finish(work())


async def _until_text(running: Running, name: str, text: str) -> None:
    while running.texts().get(name) != text:
        await running.until(Converted, name)


def test_renaming_moves_the_model(place: Place) -> None:
    path = place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            path.rename(place.models / "n.h5")
            await running.until(Converted, "n")
            await running.until(Removed, "m")
            assert running.texts() == {"n": "one"}

    finish(work())


def test_moving_a_folder_moves_its_models(place: Place) -> None:
    place.save("a/m.h5", "one")
    place.save("a/deep/n.h5", "two")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            (place.models / "a").rename(place.models / "b")
            await running.until(Removed)
            await running.until(Removed)
            await running.idle()
            assert running.texts() == {"b/m": "one", "b/deep/n": "two"}
            place.save("b/deep/o.h5", "three")
            await running.until(Converted, "b/deep/o")

    finish(work())


@pytest.mark.parametrize("way", ["delete", "move-out", "delete-folder"])
def test_what_goes_is_withdrawn(place: Place, way: str) -> None:
    path = place.save("a/m.h5", "one")
    place.save("n.h5", "two")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            digest = running.digest("a/m")
            if way == "delete":
                path.unlink()
            elif way == "move-out":
                path.rename(place.models.parent / "m.h5")
            else:
                shutil.rmtree(path.parent)
            await running.until(Removed, "a/m")
            assert running.texts() == {"n": "two"}
            assert running.library.pinned("a/m", digest) is not None

    finish(work())


def test_a_file_that_is_deleted_and_made_anew_stays_served(place: Place) -> None:
    path = place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            path.unlink()
            place.save("m.h5", "two")
            await running.until(Converted, "m")
            other = place.save("other.h5", "three")
            await running.until(Converted, "other")
            other.unlink()
            await running.until(Removed, "other")
            assert Removed("m") not in running.told

    finish(work())


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        pytest.param("refuse", "refused", id="refused"),
        pytest.param("crash", "crashed", id="crash"),
        pytest.param(None, "incomplete", id="incomplete"),
        pytest.param("", "incomplete", id="empty"),
    ],
)
def test_a_broken_file_keeps_the_last_good_version_and_heals(
    place: Place, text: str | None, sentence: str
) -> None:
    path = place.save("m.h5", "good")

    async def work() -> None:
        async with place.run() as running:
            digest = (await running.until(Converted, "m")).digest
            if text:
                place.save("m.h5", text)
            else:
                data = path.read_bytes()
                path.write_bytes(data[: len(data) // 2] if text is None else b"")
            failed = await running.until(Failed, "m")
            assert sentence in failed.error
            assert failed.served is True
            entry = running.library.entry("m")
            assert entry is not None
            assert (entry.state, running.digest("m")) == (State.FAILED, digest)
            await running.idle()
            place.save("m.h5", "better")
            await running.until(Converted, "m")
            assert running.texts() == {"m": "better"}
            assert len([event for event in running.told if isinstance(event, Failed)]) == 1

    finish(work())


def test_an_open_file_is_waited_for(place: Place) -> None:
    data = place.save("source.hdf5", "one").read_bytes()

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "source")
            with (place.models / "m.h5").open("wb") as file:
                file.write(data)
                file.flush()
                await running.until(Converting, "m")
                place.save("other.h5", "two")
                await running.until(Converted, "other")
                assert running.texts()["m"] is None
                assert running.watcher.pending >= 1
            await running.until(Converted, "m")

    finish(work())


def test_collisions_and_files_that_are_no_models_are_listed(place: Place) -> None:
    place.save("m.h5", "one")
    place.save("m.hdf5", "two")
    place.save("w.weights.h5", "three")
    (place.models / "text.h5").write_text("hello")
    os.mkfifo(place.models / "pipe.h5")

    async def work() -> None:
        async with place.run() as running:
            assert running.count == 5
            await running.idle()
            failed = {e.name: e.error for e in running.told if isinstance(e, Failed)}
            assert running.texts()["m"] == "one"
            assert "the name of m.h5" in failed["m.hdf5"]
            assert "weights only" in failed["w.weights"]
            assert "not a file" in failed["pipe"]
            assert "text" in failed
            (place.models / "m.h5").unlink()
            await running.until(Removed, "m.hdf5")
            assert running.texts()["m"] == "two"
            assert Removed("m") not in running.told

    finish(work())


def test_a_models_folder_that_vanishes_and_comes_back(place: Place) -> None:
    place.save("m.h5", "one")

    async def work() -> None:
        async with place.run(served=place.models.parent / "served") as running:
            await running.until(Converted, "m")
            place.models.rename(place.models.parent / "away")
            await running.until(Warned)
            assert running.texts() == {"m": "one"}
            place.save("m.h5", "two")
            await running.until(Converted, "m")
            assert running.texts() == {"m": "two"}
            assert Removed("m") not in running.told
            place.save("n.h5", "three")
            await running.until(Converted, "n")

    finish(work())


def test_a_models_folder_that_vanishes_with_what_was_published_in_it(place: Place) -> None:
    place.save("m.h5", "one")
    away = place.models.parent / "away"

    async def work() -> None:
        async with place.run() as running:
            digest = (await running.until(Converted, "m")).digest
            place.models.rename(away)
            await running.until(Warned)
            away.rename(place.models)
            place.save("n.h5", "two")
            await running.until(Converted, "n")
            await running.idle()
            assert running.digest("m") == digest
            assert [type(e) for e in running.told].count(Warned) == 1
            assert not [e for e in running.told if isinstance(e, Failed | Removed)]

    finish(work())


@pytest.mark.parametrize("way", ["gone", "an empty folder in its place"])
@pytest.mark.parametrize("poll", [None, True])
def test_a_models_folder_that_stays_away_is_waited_for(
    place: Place, way: str, poll: bool | None
) -> None:
    place.save("m.h5", "one")
    away = place.models.parent / "away"

    async def work() -> None:
        async with place.run(poll=poll) as running:
            digest = (await running.until(Converted, "m")).digest
            place.models.rename(away)
            if way != "gone":
                place.models.mkdir()
            await running.until(Warned)
            with pytest.raises(TimeoutError):  # Longer than a model that is gone stays served.
                await asyncio.wait_for(running.queue.get(), 2 * WITHDRAW_AFTER_S)
            assert running.digest("m") == digest
            assert place.models.exists() == (way != "gone")
            if way != "gone":
                place.models.rmdir()
            away.rename(place.models)
            place.save("n.h5", "two")
            await running.until(Converted, "n")
            assert running.digest("m") == digest
            assert [type(e) for e in running.told].count(Warned) == 1

    finish(work())


def test_an_error_while_watching_is_told_once_and_the_watching_goes_on(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    scandir = os.scandir
    failures = 3

    def failing(path: Any) -> Any:
        nonlocal failures
        if failures > 0 and Path(path) == place.models / "sub":
            failures -= 1
            raise RuntimeError("broken")
        return scandir(path)

    async def work() -> None:
        async with place.run(poll=True) as running:
            monkeypatch.setattr(os, "scandir", failing)
            place.save("sub/m.h5", "one")
            await running.until(Converted, "sub/m")
            assert [e.text for e in running.told if isinstance(e, Warned)] == [
                "internal error while following the models folder: RuntimeError: broken; going on"
            ]

    finish(work())


@pytest.mark.skipif(sys.platform != "linux", reason="counts descriptors there")
def test_what_the_system_refuses_for_a_moment_is_tried_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Processes are started with pipes, which a system that is out of descriptors refuses."""
    start = asyncio.create_subprocess_exec

    async def refused(*words: Any, **options: Any) -> Any:
        monkeypatch.setattr(asyncio, "create_subprocess_exec", start)
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            monkeypatch.setattr(asyncio, "create_subprocess_exec", refused)
            place.save("m.h5", "one")
            failed = await running.until(Failed, "m")
            assert failed.error == (
                "m.h5 cannot be converted now (Too many open files); it is tried again by itself"
            )
            await running.until(Converted, "m")

    finish(work())


@pytest.mark.skipif(sys.platform != "linux", reason="takes the place of inotify")
def test_without_events_a_warning_and_scans(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    from watchdog.observers import inotify_c

    def no_watch_left(*_: object) -> int:
        ctypes.set_errno(errno.ENOSPC)
        return -1

    monkeypatch.setattr(inotify_c, "inotify_add_watch", no_watch_left)

    async def work() -> None:
        async with place.run() as running:
            warned = await running.until(Warned)
            assert warned.text == (
                "file system events cannot be had (inotify watch limit reached); "
                "looking every 0.5 s instead"
            )
            for number in range(2):
                place.save(f"m{number}.h5", "one")
                await running.until(Converted, f"m{number}")
            assert [type(e) for e in running.told].count(Warned) == 1

    finish(work())


def test_a_models_folder_that_is_not_there_yet(place: Place) -> None:
    place.models.rmdir()

    async def work() -> None:
        async with place.run(served=place.models.parent / "served") as running:
            assert running.count == 0
            await running.until(Warned)
            place.save("m.h5", "one")
            await running.until(Converted, "m")

    finish(work())


def test_a_served_folder_deleted_meanwhile_is_made_again(place: Place) -> None:
    place.save("m.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            shutil.rmtree(place.models / ".tfjs-serve")
            place.save("m.h5", "two")
            await running.until(Converted, "m")
            assert (place.models / ".tfjs-serve/m/model.json").exists()

    finish(work())


@pytest.mark.skipif(os.name == "nt", reason="names may be longer there")
def test_a_name_too_long_for_the_served_folder_comes_with_the_remedy(place: Place) -> None:
    place.save(f"{'x' * 250}.h5", "one")

    async def work() -> None:
        async with place.run() as running:
            failed = await running.until(Failed)
            assert failed.error.endswith("(File name too long); give the file a shorter name")

    finish(work())


def test_what_is_deleted_from_the_served_folder_is_made_again(place: Place) -> None:
    place.save("m.h5", "one")
    served = place.models / ".tfjs-serve"

    def site() -> set[Path]:
        files = {path for path in served.rglob("*") if path.is_file()}
        return {path for path in files if served / ".state" not in path.parents}

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            before = site()
            shutil.rmtree(served)
            await running.until(Reused, "m")
            assert site() == before
            (served / "m/model.json").unlink()
            await running.until(Reused, "m")
            assert site() == before
            assert not [event for event in running.told if isinstance(event, Failed)]

    finish(work())


def test_many_models(place: Place) -> None:
    for number in range(100):
        place.save(f"f{number % 40}/m{number}.h5", f"text {number}")

    async def work() -> None:
        async with place.run() as running:
            assert running.count == 100
            assert running.watcher.pending == 100
            await running.idle()
            assert running.watcher.pending == 0
            assert len([event for event in running.told if isinstance(event, Converted)]) == 100

    finish(work())


@pytest.mark.parametrize("keras", ["keras2", "keras3"])
@pytest.mark.parametrize("case", ["compiled.h5", "archive_compiled.keras"])
def test_a_real_model_through_the_real_converter(place: Place, keras: str, case: str) -> None:
    with gzip.open(KERAS_FILES / keras / f"{case}.gz") as file:
        (place.models / f"m{Path(case).suffix}").write_bytes(file.read())

    async def work() -> None:
        async with place.run(job="tfjs_serve.convert:stage") as running:
            converted = await running.until(Converted, "m")
            version = running.library.pinned("m", converted.digest)
            assert version is not None
            assert "modelTopology" in json.loads(version.artifacts.model_json)
            for shard in version.artifacts.shards:
                path = running.library.shard(shard.name)
                assert path is not None
                assert path.stat().st_size == shard.nbytes

    finish(work())
