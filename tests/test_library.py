"""The library: what is served, what is kept for how long, what a restart finds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tfjs_serve.artifacts import Artifacts, Options, Shard, Summary
from tfjs_serve.errors import ConversionError, NoRoomError, Reason, SourceBusyError
from tfjs_serve.events import Converted, Converting, Failed, ModelEvent, Removed, Reused
from tfjs_serve.library import Library, Stamp, State
from tfjs_serve.report import Applied, Note, NoteKind, Report

STAMP = Stamp(10, 1_000, 7)
OPTIONS = Options()
FULL = NoRoomError("m.h5 cannot be published")
ERROR = ConversionError("m.h5: a Lambda layer", (Reason("holds code", "f", "Lambda", "rewrite"),))
NOTE = Note("a regularizer is left out", "dense", NoteKind.DROPPED)
REPORT = Report((Applied("regularizers", "dense"),), (NOTE,))


@dataclass
class Place:
    """A served folder with clocks that stand still until a test moves them."""

    folder: Path
    now: float = 1_000.0
    events: list[ModelEvent] = field(default_factory=list)

    def open(self, keep: int = 3, loaded: bool = False) -> Library:
        library = Library(self.folder, keep=keep, clock=self.clock, wall_clock=self.clock)
        if loaded:
            library.load()
        library.subscribe(self.events.append)
        return library

    def clock(self) -> float:
        return self.now

    def stage(self, text: str, *weights: str) -> Artifacts:
        """Write shards as a worker does, at the time it is now, and return the artifacts."""
        shards = []
        for weight in weights:
            data = weight.encode()
            shard = Shard(hashlib.sha256(data).hexdigest()[:32] + ".bin", len(data))
            path = self.folder / "_w" / shard.name
            path.write_bytes(data)
            os.utime(path, (self.now, self.now))
            shards.append(shard)
        model_json = text.encode()
        digest = hashlib.sha256(model_json).hexdigest()[:16]
        summary = Summary(1, 2, (), (), "3.15.1", trainable=True, warnings=(NOTE,))
        return Artifacts(digest, model_json, tuple(shards), summary, REPORT)

    def publish(self, library: Library, name: str, text: str, *weights: str) -> Artifacts:
        artifacts = self.stage(text, *weights)
        library.publish(name, f"{name}.h5", artifacts, STAMP, OPTIONS, 5)
        return artifacts

    def files(self) -> set[str]:
        """Return every file of the static site, without records."""
        every = (path.relative_to(self.folder) for path in self.folder.rglob("*"))
        is_site = (path for path in every if not path.parts[0].startswith("."))
        return {path.as_posix() for path in is_site if (self.folder / path).is_file()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "served")


def test_a_new_folder_holds_nothing_and_is_ignored_by_git(place: Place) -> None:
    library = place.open(loaded=True)
    assert (place.folder / ".gitignore").read_text() == "*\n"
    assert list(library.entries()) == []
    assert library.revision == 0
    library.collect()
    assert place.files() == set()


@pytest.mark.parametrize(
    "ask",
    [
        pytest.param(lambda library: library.entry("m"), id="entry"),
        pytest.param(lambda library: library.pinned("m", "0" * 16), id="pinned"),
        pytest.param(lambda library: library.shard("0" * 32 + ".bin"), id="shard"),
        pytest.param(lambda library: library.shard("../.gitignore"), id="path"),
        pytest.param(lambda library: library.nearest("m"), id="nearest"),
        pytest.param(lambda library: library.withdraw("m"), id="withdraw"),
    ],
)
def test_unknown_names_are_none(place: Place, ask: Callable[[Library], object]) -> None:
    assert ask(place.open()) is None
    assert place.events == []


def test_the_same_bytes_again_make_no_new_version(place: Place) -> None:
    library = place.open()
    artifacts = place.publish(library, "m", "{}", "w")
    before = library.entry("m")
    library.begin("m", "m.h5")
    again = library.publish("m", "m.h5", artifacts, Stamp(10, 2_000, 8), OPTIONS, 5)
    after = library.entry("m")
    assert before is not None
    assert after is not None
    assert again is False
    assert (after.current, after.previous, after.state) == (before.current, (), State.READY)
    assert after.stamp == Stamp(10, 2_000, 8)
    assert isinstance(place.events[-1], Reused)
    (record,) = (place.folder / ".state").glob("*.json")
    assert json.loads(record.read_bytes())["stamp"] == [10, 2_000, 8]


def test_the_same_bytes_with_other_warnings_are_told_kept_and_recorded(place: Place) -> None:
    library = place.open()
    first = place.publish(library, "m", "{}", "w")
    before = library.entry("m")
    assert before is not None
    assert before.current is not None
    note = Note("m.labels.json is left out", None, NoteKind.DROPPED)
    summary = replace(first.summary, warnings=(note,))
    second = replace(first, summary=summary, report=Report((), (note,)))
    place.now += 1
    assert library.publish("m", "m.h5", second, Stamp(10, 2_000, 8), OPTIONS, 9) is False
    entry = library.entry("m")
    assert entry is not None
    assert entry.current == replace(before.current, artifacts=second)
    assert entry.previous == ()
    told = Reused("m", "/m/model.json", first.digest, first.nbytes, (note,))
    assert place.events[-1] == told
    library = place.open(loaded=True)
    library.reuse("m", "m.h5")
    assert library.entry("m") == entry
    assert place.events[-1] == told


def test_a_version_is_served_and_written_as_a_static_site(place: Place) -> None:
    library = place.open()
    library.begin("vision/m", "vision/m.h5")
    artifacts = place.stage('{"a": 1}', "w1", "w2")
    assert library.publish("vision/m", "vision/m.h5", artifacts, STAMP, OPTIONS, 12) is True
    entry = library.entry("vision/m")
    assert entry is not None
    assert entry.current is not None
    assert entry.state is State.READY
    assert (entry.current.converted_at, entry.current.ms) == (1_000.0, 12)
    assert library.pinned("vision/m", artifacts.digest) == entry.current
    shards = {f"_w/{shard.name}" for shard in artifacts.shards}
    pinned = f"vision/m@{artifacts.digest}/model.json"
    assert place.files() == {"vision/m/model.json", pinned} | shards
    assert (place.folder / "vision/m/model.json").read_bytes() == artifacts.model_json
    assert (place.folder / pinned).read_bytes() == artifacts.model_json
    first = artifacts.shards[0].name
    assert library.shard(first) == place.folder / "_w" / first
    url = "/vision/m/model.json"
    assert place.events == [
        Converting("vision/m"),
        Converted("vision/m", url, artifacts.digest, artifacts.nbytes, 12, (NOTE,), report=REPORT),
    ]
    assert library.revision == 2


def test_begin_twice_tells_once(place: Place) -> None:
    library = place.open()
    library.begin("m", "m.h5")
    library.begin("m", "m.h5")
    assert place.events == [Converting("m")]


def test_a_failure_keeps_the_last_good_version(place: Place) -> None:
    library = place.open()
    library.fail("m", "m.h5", ERROR)
    artifacts = place.publish(library, "m", "{}", "w")
    library.begin("m", "m.h5")
    library.fail("m", "m.h5", ERROR)
    entry = library.entry("m")
    assert entry is not None
    assert entry.current is not None
    assert (entry.state, entry.error, entry.current.digest) == (
        State.FAILED,
        ERROR,
        artifacts.digest,
    )
    assert place.events[0] == Failed("m", ERROR.message, ERROR.reasons, served=False)
    assert place.events[-1] == Failed("m", ERROR.message, ERROR.reasons, served=True)


def test_a_missing_shard_is_not_published(place: Place) -> None:
    library = place.open()
    artifacts = place.stage("{}", "w")
    (place.folder / "_w" / artifacts.shards[0].name).unlink()
    with pytest.raises(SourceBusyError, match="shard"):
        library.publish("m", "m.h5", artifacts, STAMP, OPTIONS, 5)
    assert library.entry("m") is None


def test_a_folder_that_cannot_be_written_changes_nothing(place: Place) -> None:
    library = place.open()
    first = place.publish(library, "m", "{}", "w")
    name = "n" * 250
    with pytest.raises(OSError, match="name too long"):
        place.publish(library, name, "{}", "w")
    assert library.entry(name) is None
    library.collect()
    assert place.files() == {
        "m/model.json",
        f"m@{first.digest}/model.json",
        f"_w/{first.shards[0].name}",
    }


@pytest.mark.parametrize(
    ("keep", "wait_s", "kept"),
    [
        pytest.param(3, 0.0, ["4", "3", "2", "1", "0"], id="all-are-recent"),
        pytest.param(3, 59.9, ["4", "3", "2", "1", "0"], id="just-within-grace"),
        pytest.param(3, 60.0, ["4", "3", "2"], id="three"),
        pytest.param(1, 60.0, ["4"], id="one"),
        pytest.param(0, 60.0, ["4"], id="never-none"),
    ],
)
def test_versions_are_kept(place: Place, keep: int, wait_s: float, kept: list[str]) -> None:
    library = place.open(keep=keep)
    staged = {text: place.publish(library, "m", text, f"w{text}") for text in "01234"}
    place.now += wait_s
    library.collect()
    entry = library.entry("m")
    assert entry is not None
    assert [version.artifacts.model_json.decode() for version in entry.versions] == kept
    expected = {"m/model.json"}
    for text in kept:
        expected.add(f"m@{staged[text].digest}/model.json")
        expected.add(f"_w/{staged[text].shards[0].name}")
    assert place.files() == expected
    for text, artifacts in staged.items():
        assert (library.pinned("m", artifacts.digest) is not None) is (text in kept)
        assert (library.shard(artifacts.shards[0].name) is not None) is (text in kept)


def test_going_back_to_an_older_version_keeps_both_once(place: Place) -> None:
    library = place.open()
    one = place.publish(library, "m", "1", "shared", "w1")
    two = place.publish(library, "m", "2", "shared", "w2")
    place.publish(library, "m", "1", "shared", "w1")
    entry = library.entry("m")
    assert entry is not None
    assert [version.digest for version in entry.versions] == [one.digest, two.digest]
    library.withdraw("m")
    place.now += 60
    library.collect()
    assert place.files() == set()


def test_a_shard_of_another_model_stays(place: Place) -> None:
    library = place.open()
    shared = place.publish(library, "a", "1", "shared")
    place.publish(library, "b", "2", "shared", "own")
    library.withdraw("b")
    place.now += 60
    library.collect()
    shard = f"_w/{shared.shards[0].name}"
    assert place.files() == {"a/model.json", f"a@{shared.digest}/model.json", shard}


def test_a_withdrawn_model_stays_pinned_for_the_grace_period(place: Place) -> None:
    library = place.open()
    artifacts = place.publish(library, "m", "{}", "w")
    library.withdraw("m")
    assert library.entry("m") is None
    assert place.events[-1] == Removed("m")
    assert not (place.folder / "m").exists()
    place.now += 59
    library.collect()
    assert library.pinned("m", artifacts.digest) is not None
    assert library.shard(artifacts.shards[0].name) is not None
    place.now += 1
    library.collect()
    assert library.pinned("m", artifacts.digest) is None
    assert library.shard(artifacts.shards[0].name) is None
    assert place.files() == set()


def test_a_model_that_comes_back_keeps_its_versions(place: Place) -> None:
    library = place.open()
    old = place.publish(library, "m", "1", "w1")
    library.withdraw("m")
    new = place.publish(library, "m", "2", "w2")
    place.now += 60
    library.collect()
    entry = library.entry("m")
    assert entry is not None
    assert [version.digest for version in entry.versions] == [new.digest, old.digest]


@pytest.mark.parametrize(
    ("age_s", "stays"),
    [
        pytest.param(0.0, True, id="just-written-by-a-worker"),
        pytest.param(59.0, True, id="within-grace"),
        pytest.param(61.0, False, id="old"),
    ],
)
def test_shards_nobody_names(place: Place, age_s: float, stays: bool) -> None:
    library = place.open()
    place.now -= age_s
    (shard,) = place.stage("{}", "w").shards
    place.now += age_s
    library.collect()
    assert (place.folder / "_w" / shard.name).exists() is stays
    place.now += 60
    library.collect()
    assert not (place.folder / "_w" / shard.name).exists()


def test_stale_temporaries_go_and_those_of_this_run_stay(place: Place) -> None:
    place.open()
    paths = [place.folder / "_w/x.partial", place.folder / ".state/.tmp-1-x.json"]
    for path in paths:
        path.write_bytes(b"")
        os.utime(path, (900, 900))
    fresh = place.folder / "_w/.tmp-2"
    fresh.write_bytes(b"")
    os.utime(fresh, (1_001, 1_001))
    library = place.open(loaded=True)
    library.collect()
    assert [path.exists() for path in (*paths, fresh)] == [False, False, True]


def test_a_restart_finds_what_was_published(place: Place) -> None:
    first = place.open()
    old = place.publish(first, "m", "1", "w1")
    new = place.publish(first, "m", "2", "w2")
    place.events.clear()
    library = place.open(loaded=True)
    found = library.unclaimed["m"]
    assert list(library.entries()) == []
    assert (found.source, found.stamp, found.options) == ("m.h5", STAMP, OPTIONS)
    assert [version.artifacts for version in found.versions] == [new, old]
    library.reuse("m", "m.h5")
    assert library.entry("m") == found
    assert library.pinned("m", old.digest) is not None
    assert dict(library.unclaimed) == {}
    url = "/m/model.json"
    assert place.events == [Reused("m", url, new.digest, new.nbytes, (NOTE,))]


@pytest.mark.parametrize("ends", ["converted", "failed", "withdrawn"])
def test_a_restart_with_a_changed_source(place: Place, ends: str) -> None:
    old = place.publish(place.open(), "m", "1", "w1")
    place.events.clear()
    library = place.open(loaded=True)
    if ends == "withdrawn":
        library.withdraw("m")
        assert library.entry("m") is None
        assert library.pinned("m", old.digest) is not None
        assert place.events == [Removed("m")]
        return
    library.begin("m", "m.h5")
    entry = library.entry("m")
    assert entry is not None
    assert entry.current is not None
    assert (entry.state, entry.current.digest) == (State.CONVERTING, old.digest)
    if ends == "failed":
        library.fail("m", "m.h5", ERROR)
        assert place.events[-1] == Failed("m", ERROR.message, ERROR.reasons, served=True)
    else:
        assert library.publish("m", "m.h5", old, STAMP, OPTIONS, 9) is False
        url = "/m/model.json"
        assert place.events[-1] == Converted(
            "m", url, old.digest, old.nbytes, 9, (NOTE,), report=REPORT
        )


def _cut_shard(folder: Path) -> None:
    for path in (folder / "_w").iterdir():
        path.write_bytes(b"")


def _remove_shard(folder: Path) -> None:
    for path in (folder / "_w").iterdir():
        path.unlink()


def _change_model_json(folder: Path) -> None:
    for path in folder.glob("m@*/model.json"):
        path.write_bytes(b"[]")


def _change_records(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    def damage(folder: Path) -> None:
        for path in (folder / ".state").glob("*.json"):
            record = json.loads(path.read_bytes())
            change(record)
            path.write_text(json.dumps(record))

    return damage


def _cut_record(folder: Path) -> None:
    for path in (folder / ".state").glob("*.json"):
        path.write_bytes(path.read_bytes()[:20])


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(_cut_shard, id="shard-cut"),
        pytest.param(_remove_shard, id="shard-missing"),
        pytest.param(_change_model_json, id="model-json-changed"),
        pytest.param(_cut_record, id="record-cut"),
        pytest.param(_change_records(lambda r: r.update(revision=-1)), id="other-converter"),
        pytest.param(_change_records(lambda r: r.update(name="../../x")), id="name-of-another"),
        pytest.param(_change_records(lambda r: r.update(versions=[])), id="no-version"),
        pytest.param(_change_records(lambda r: r.update(stamp=None)), id="no-stamp"),
        pytest.param(_change_records(lambda r: r.pop("options")), id="no-options"),
    ],
)
def test_damaged_entries_are_dropped(place: Place, damage: Callable[[Path], None]) -> None:
    place.publish(place.open(), "m", "1", "w1")
    damage(place.folder)
    place.now += 120
    library = place.open(loaded=True)
    assert dict(library.unclaimed) == {}
    assert list((place.folder / ".state").iterdir()) == []


def test_of_very_many_models_the_damaged_are_found_in_turns(place: Place) -> None:
    library = place.open()
    for number in range(1000):
        place.publish(library, f"m{number:03}", "{}")
    for number in (0, 399, 400, 999):
        (place.folder / f"m{number:03}" / "model.json").unlink()
    found = [[entry.name for entry in library.to_mend(library.entries())] for _ in range(4)]
    assert found == [["m000", "m399"], ["m400"], ["m999"], ["m000", "m399"]]


@pytest.mark.parametrize(
    ("error", "free", "waits_s", "due"),
    [
        pytest.param(ERROR, [0, 10**9], [60.0], [False], id="no-matter-of-room"),
        pytest.param(FULL, [5_000, 5_000], [60.0], [False], id="as-full-as-before"),
        pytest.param(FULL, [5_000, 70_536], [1.9], [False], id="too-soon"),
        pytest.param(FULL, [5_000, 70_536], [2.0], [True], id="room"),
        pytest.param(FULL, [0, 10**9, 0, 10**9], [2.0, 2.0], [True, False], id="again-too-soon"),
        pytest.param(FULL, [0, 10**9, 0, 10**9], [2.0, 4.0], [True, True], id="again-later"),
    ],
)
def test_what_found_a_full_disk_is_due_when_there_is_room(
    place: Place,
    error: ConversionError,
    free: list[int],
    waits_s: list[float],
    due: list[bool],
) -> None:
    library = Library(place.folder, clock=place.clock, free_bytes=lambda: free.pop(0))
    found = []
    for wait_s in waits_s:
        library.fail("m", "m.h5", error)
        place.now += wait_s
        found.append([entry.name for entry in library.to_mend(library.entries())] == ["m"])
    assert found == due


def test_what_is_wrong_inside_is_deleted_before_it_is_made_again(place: Place) -> None:
    shards = place.publish(place.open(), "m", "{}", "w1", "w2", "w3").shards
    paths = [place.folder / "_w" / shard.name for shard in shards]
    library = place.open(loaded=True)
    library.reuse("m", "m.h5")
    for path in paths[:2]:
        path.write_bytes(b"??")
    assert library.to_mend(library.entries()) == []
    assert [library.shelf.is_unchecked(shard.name) for shard in shards] == [True, True, True]
    library.shelf.note_checked(shards[0].name, is_right=False)
    assert library.to_mend(library.entries()) == [library.entry("m")]
    assert [path.exists() for path in paths] == [False, False, True]
    assert [library.shelf.is_unchecked(shard.name) for shard in shards] == [False, False, False]


def test_a_kill_between_record_and_live_file_is_mended(place: Place) -> None:
    artifacts = place.publish(place.open(), "m", "2", "w")
    (place.folder / "m/model.json").write_bytes(b"1")
    place.open(loaded=True)
    assert (place.folder / "m/model.json").read_bytes() == artifacts.model_json


def test_versions_no_record_knows_are_swept_when_old(place: Place) -> None:
    place.open()
    paths = [place.folder / f"{name}@{'0' * 16}/model.json" for name in ("old", "new")]
    for path, mtime in zip(paths, (100, 990), strict=True):
        path.parent.mkdir()
        path.write_bytes(b"")
        os.utime(path, (mtime, mtime))
    place.open(loaded=True)
    assert [path.parent.exists() for path in paths] == [False, True]


@pytest.mark.parametrize(
    ("asked", "nearest"),
    [
        pytest.param("zzz", None, id="nothing-like-it"),
        pytest.param("broken", None, id="not-served"),
        pytest.param("Vision/MNIST", "vision/mnist", id="case"),
        pytest.param("mnist", "vision/mnist", id="last-segment"),
        pytest.param("iris2", "iris", id="letters"),
        pytest.param("x" * 100_000, None, id="long"),
    ],
)
def test_nearest(place: Place, asked: str, nearest: str | None) -> None:
    library = place.open()
    place.publish(library, "vision/mnist", "1")
    place.publish(library, "iris", "2")
    library.fail("broken", "broken.h5", ERROR)
    assert library.nearest(asked) == nearest


def test_entries_come_in_order_of_name_and_listeners_may_leave(place: Place) -> None:
    library = place.open()
    heard: list[ModelEvent] = []
    leave = library.subscribe(heard.append)
    library.begin("b", "b.h5")
    leave()
    leave()
    library.begin("a", "a.h5")
    assert [entry.name for entry in library.entries()] == ["a", "b"]
    assert heard == [Converting("b")]


@pytest.mark.parametrize("name", ["../victim", "a/../../victim", "/victim", "..", "_w", ".x", ""])
def test_a_record_of_no_model_name_deletes_nothing_outside(place: Place, name: str) -> None:
    victim = place.folder.parent / "victim" / "model.json"
    victim.parent.mkdir()
    victim.write_text("precious")
    place.open()
    record = hashlib.sha256(name.encode()).hexdigest()[:32] + ".json"
    (place.folder / ".state" / record).write_text(json.dumps({"name": name}))
    assert place.open(loaded=True).unclaimed == {}
    assert victim.read_text() == "precious"
    assert not (place.folder / ".state" / record).exists()


@pytest.mark.parametrize("link", ["m", "m@"])
def test_a_link_in_the_served_folder_is_not_written_through(place: Place, link: str) -> None:
    artifacts = place.publish(place.open(), "m", "{}", "w")
    victim = place.folder.parent / "victim" / "model.json"
    victim.parent.mkdir()
    victim.write_text("precious")
    folder = place.folder / (link + artifacts.digest if link.endswith("@") else link)
    (folder / "model.json").unlink()
    folder.rmdir()
    folder.symlink_to(victim.parent)
    place.publish(place.open(loaded=True), "m", '{"b": 1}', "w")
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("kind", ["deep", "pipe", "folder", "link"])
def test_what_is_no_record_counts_as_none(place: Place, kind: str) -> None:
    place.open()
    path = place.folder / ".state" / ("a" * 32 + ".json")
    if kind == "deep":
        path.write_text("[" * 200_000)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("/dev/zero")
    assert place.open(loaded=True).unclaimed == {}
