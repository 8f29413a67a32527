"""Hints from the file system."""

from __future__ import annotations

import queue
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tfjs_serve.watching.snapshot import Scope
from tfjs_serve.watching.sources import Events, is_remote

LIMIT_S = 10.0


class Heard:
    """The hints of a folder, as they come from watchdog's threads."""

    def __init__(self, models: Path) -> None:
        self.hints: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.events = Events(Scope(models, models / "served"), self.hints.put)
        self.events.sync()

    def until(self, hint: str) -> list[str]:
        """Return the hints up to this one."""
        heard: list[str] = []
        while not heard or heard[-1] != hint:
            heard.append(self.hints.get(timeout=LIMIT_S))
        return heard


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "sub/deep").mkdir(parents=True)
    (folder / "served/_w").mkdir(parents=True)
    (folder / ".git").mkdir()
    return folder


@pytest.fixture
def heard(models: Path) -> Iterator[Heard]:
    heard = Heard(models)
    yield heard
    heard.events.close()


def test_silent_are_reading_and_what_is_no_model(models: Path, heard: Heard) -> None:
    (models / "notes.txt").write_text("x")
    (models / ".git/m.h5").write_text("x")
    (models / ".m.h5.a1b2").write_text("x")
    (models / "served/_w/m.h5").write_text("x")
    (models / "m.h5").write_text("x")
    (models / "m.h5").read_text()
    (models / "last.h5").write_text("x")
    assert set(heard.until("last.h5")) == {"m.h5", "last.h5"}


@pytest.mark.skipif(sys.platform != "linux", reason="watchdog waits there only")
def test_what_leaves_holds_up_nothing(models: Path, heard: Heard) -> None:
    """watchdog keeps a departure, and every hint behind it, for 0.5 s: none is asked for."""
    (models / "m.h5").write_text("x")
    assert (heard.until("m.h5"), heard.until("m.h5")) == (["m.h5"], ["m.h5"])  # Made, closed.
    (models / "m.h5").rename(models.parent / "m.h5")
    (models / "n.h5").write_text("x")
    assert heard.until("n.h5") == ["n.h5"]


def _move_in(models: Path) -> None:
    outside = models.parent / "outside.h5"
    outside.write_text("x")
    outside.rename(models / "sub/m.h5")


def _rename(models: Path) -> None:
    (models / "sub/a.h5").write_text("x")
    (models / "sub/a.h5").rename(models / "sub/m.h5")


def _delete(models: Path) -> None:
    _move_in(models)
    (models / "sub/m.h5").unlink()


@pytest.mark.parametrize(
    ("act", "hint"),
    [
        pytest.param(lambda m: (m / "m.h5").write_text("x"), "m.h5", id="new"),
        pytest.param(lambda m: (m / "sub/deep/m.h5").write_text("x"), "sub/deep/m.h5", id="deep"),
        pytest.param(_move_in, "sub/m.h5", id="moved-in"),
        pytest.param(_rename, "sub/m.h5", id="renamed"),
        pytest.param(_delete, "sub/m.h5", id="deleted"),
        pytest.param(lambda m: (m / "new").mkdir(), "new", id="new-folder"),
        pytest.param(lambda m: (m / "sub/deep").rename(m / "sub/d"), "sub/d", id="moved-folder"),
        pytest.param(lambda m: (m / "sub").rename(m / "other"), "other", id="moved-top-folder"),
    ],
)
def test_hints(models: Path, heard: Heard, act: Callable[[Path], object], hint: str) -> None:
    act(models)
    heard.until(hint)


def test_folders_are_followed_when_they_come_and_move(models: Path, heard: Heard) -> None:
    (models / "new").mkdir()
    (models / "sub").rename(models / "moved")
    heard.events.sync()
    (models / "new/m.h5").write_text("x")
    heard.until("new/m.h5")
    (models / "moved/deep/m.h5").write_text("x")
    heard.until("moved/deep/m.h5")


def test_a_models_folder_that_is_replaced_is_watched_again(models: Path, heard: Heard) -> None:
    models.rename(models.parent / "old")
    heard.events.sync()
    models.mkdir()
    heard.events.sync()
    (models / "m.h5").write_text("x")
    heard.until("m.h5")


def test_many_folders_are_watched_as_one_tree(models: Path, heard: Heard) -> None:
    for number in range(30):
        (models / f"many{number}").mkdir()
    heard.events.sync()
    (models / "many29/m.h5").write_text("x")
    heard.until("many29/m.h5")


MOUNTS = """\
21 1 254:0 / / rw,relatime - ext4 /dev/root rw
22 21 0:20 / {folder}/net rw,relatime shared:1 - nfs4 server:/x rw
23 21 0:21 / {folder}/with\\040space rw - fuse.sshfs host: rw
24 21 0:22 / {folder}/disk rw - fuseblk /dev/sdb rw
25 22 0:23 / {folder}/net/local rw - tmpfs tmpfs rw
nonsense
"""


@pytest.mark.parametrize(
    ("folder", "expected"),
    [
        pytest.param("", False, id="root"),
        pytest.param("network", False, id="same-start"),
        pytest.param("disk", False, id="fuse-of-a-disk"),
        pytest.param("net/local", False, id="local-inside-remote"),
        pytest.param("net", True, id="nfs"),
        pytest.param("net/a/b", True, id="inside-nfs"),
        pytest.param("with space", True, id="sshfs"),
    ],
)
def test_remote_file_systems(tmp_path: Path, folder: str, expected: bool) -> None:
    base = tmp_path.resolve()
    assert is_remote(base / folder, MOUNTS.replace("{folder}", str(base))) is expected
