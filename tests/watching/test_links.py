"""Links in the models folder, and files that change without an event."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.watching.jobs import save
from tests.watching.running import Place, finish
from tfjs_serve.events import Converted, Failed, Removed


@pytest.fixture
def place(tmp_path: Path) -> Place:
    models = tmp_path / "models"
    models.mkdir()
    return Place(models)


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    path = tmp_path / "outside" / "m.h5"
    save(path, "one")
    return path


def test_a_link_out_of_the_folder_is_refused_once(place: Place, outside: Path) -> None:
    (place.models / "m.h5").symlink_to(outside)

    async def work() -> None:
        async with place.run(poll=True) as running:
            failed = await running.until(Failed, "m")
            assert failed.error == (
                "m.h5 is a link that leads out of the models folder; "
                "start with --follow-links, or put the file itself there"
            )
            save(outside, "two")
            place.save("n.h5", "three")
            await running.until(Converted, "n")  # Found by the scan that finds the other, too.
            await running.idle()
            (place.models / "m.h5").unlink()
            place.save("m.h5", "four")
            await running.until(Converted, "m")
            assert running.texts() == {"m": "four", "n": "three"}
            assert [event for event in running.told if isinstance(event, Failed)] == [failed]

    finish(work())


def test_a_folder_that_is_a_link_is_not_entered(place: Place, outside: Path) -> None:
    (place.models / "run").symlink_to(outside.parent)

    async def work() -> None:
        async with place.run(follow_links=True) as running:
            (place.models / "late").symlink_to(outside.parent)
            place.save("n.h5", "two")
            await running.until(Converted, "n")
            await running.idle()
            assert running.texts() == {"n": "two"}

    finish(work())


def test_a_link_to_a_file_outside_is_followed_when_asked_for(place: Place, outside: Path) -> None:
    (place.models / "m.h5").symlink_to(outside)

    async def work() -> None:
        async with place.run(follow_links=True) as running:
            await running.until(Converted, "m")
            save(outside, "two")  # No event: only a scan finds it.
            await running.until(Converted, "m")
            assert running.texts() == {"m": "two"}
            await asyncio.to_thread(outside.unlink)
            await running.until(Removed, "m")

    finish(work())


def test_a_link_inside_changes_with_its_target(place: Place) -> None:
    place.save("runs/best.h5", "one")
    (place.models / "latest.h5").symlink_to("runs/best.h5")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "latest")
            await running.idle()
            place.save("runs/best.h5", "two")
            await running.until(Converted, "latest")
            await running.idle()
            assert running.texts() == {"latest": "two", "runs/best": "two"}

    finish(work())


def test_a_link_that_leads_elsewhere_now(place: Place) -> None:
    for number in (1, 2):
        place.save(f"runs/{number}.h5", f"run {number}")
    (place.models / "latest.h5").symlink_to("runs/1.h5")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "latest")
            (place.models / "next").symlink_to("runs/2.h5")
            (place.models / "next").rename(place.models / "latest.h5")
            await running.until(Converted, "latest")
            assert running.texts()["latest"] == "run 2"

    finish(work())


def test_what_no_event_tells_of_is_found(place: Place, tmp_path: Path) -> None:
    """A write by another name of the file: the kernel tells the folder of that name."""
    path = place.save("m.h5", "one")
    os.link(path, tmp_path / "other.h5")

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            save(tmp_path / "other.h5", "two")
            await running.until(Converted, "m")
            assert running.texts() == {"m": "two"}

    finish(work())


def test_the_same_failure_is_told_once_until_the_file_heals(place: Place) -> None:
    path = place.save("m.h5", "one")
    data = path.read_bytes()

    async def work() -> None:
        async with place.run() as running:
            await running.until(Converted, "m")
            for length in (100, 200):
                path.write_bytes(data[:length])
                if length == 100:
                    failed = await running.until(Failed, "m")
            place.save("n.h5", "one")
            await running.until(Converted, "n")  # Its hint came behind that of the other.
            await running.idle()
            place.save("m.h5", "two")
            await running.until(Converted, "m")
            path.write_bytes(data[:300])
            again = await running.until(Failed, "m")
            assert [failed, again] == [e for e in running.told if isinstance(e, Failed)]
            assert failed == again

    finish(work())


def test_a_rename_between_folders_is_seen_at_both_ends(place: Place) -> None:
    path = place.save("a/m.h5", "one")
    place.save("b/n.h5", "two")

    async def work() -> None:
        async with place.run() as running:
            await running.idle()
            path.rename(place.models / "b/m.h5")
            await running.until(Converted, "b/m")
            await running.until(Removed, "a/m")
            assert running.texts() == {"b/m": "one", "b/n": "two"}
            await asyncio.to_thread(place.save, "a/new.h5", "three")
            await running.until(Converted, "a/new")

    finish(work())
