"""What lies in a models folder, and what changed since."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.watching.seen import Seen
from tfjs_serve.watching.snapshot import Scope, differences

A = Seen(Identity(1, 2, 3, 4, 5))
B = Seen(Identity(1, 2, 3, 4, 6))


@pytest.fixture
def scope(tmp_path: Path) -> Scope:
    models = tmp_path / "models"
    models.mkdir()
    return Scope(models, models / "served")


def put(scope: Scope, *paths: str) -> None:
    for path in paths:
        full = scope.models_dir / path
        full.parent.mkdir(parents=True, exist_ok=True)
        full.write_bytes(b"x")


def test_what_is_ignored(scope: Scope) -> None:
    put(
        scope,
        *("notes.txt", ".m.h5", ".git/m.h5", "a/.hidden/m.h5", "m.h5.part", "m.h5.crdownload"),
        *("m.h5.tmp", "m.h5~", ".m.h5.swp", "served/m.h5", "served/a@0/m.h5"),
    )
    outside = scope.models_dir.parent / "outside"
    put(Scope(outside, outside), "m.h5")
    (scope.models_dir / "linked").symlink_to(outside)
    (scope.models_dir / "linked.h5").symlink_to(outside)
    (scope.models_dir / "dead.h5").symlink_to(outside / "no")
    (scope.models_dir / "loop").symlink_to(scope.models_dir)
    assert scope.scan() == {}
    hints = ["linked/m.h5", "linked", "loop", "dead.h5", "served", "served/m.h5", ".git", "x", ""]
    assert scope.look({}, hints) == {}


def test_what_is_found(scope: Scope) -> None:
    put(scope, "m.h5", "M.HDF5", "a/b/n.keras", "folder.h5/m.h5", "a b/ü.h5", "w.weights.h5")
    outside = scope.models_dir.parent / "outside"
    put(Scope(outside, outside), "far.h5")
    (scope.models_dir / "linked.h5").symlink_to(outside / "far.h5")
    os.mkfifo(scope.models_dir / "pipe.h5")
    found = scope.scan()
    assert set(found) == {
        *("m.h5", "M.HDF5", "a/b/n.keras", "folder.h5/m.h5", "a b/ü.h5", "w.weights.h5"),
        *("linked.h5", "pipe.h5"),
    }
    assert found["linked.h5"] == Seen.of(outside / "far.h5")
    assert scope.look({}, list(found)) == found
    assert scope.look({}, ["a", "a b", "folder.h5", "m.h5", "M.HDF5"]) == {
        path: identity for path, identity in found.items() if path[0] in "amMf"
    }


def test_a_missing_models_folder_tells_nothing(scope: Scope) -> None:
    known = {"m.h5": A}
    scope.models_dir.rmdir()
    with pytest.raises(FileNotFoundError):
        scope.scan()
    assert scope.look(known, ["m.h5"]) == {}


def test_an_unreadable_folder_hides_only_itself(scope: Scope) -> None:
    put(scope, "m.h5", "locked/n.h5")
    (scope.models_dir / "locked").chmod(0)
    try:
        assert "m.h5" in scope.scan()
    finally:
        (scope.models_dir / "locked").chmod(0o755)


def test_files_below_a_folder_that_is_gone(scope: Scope) -> None:
    put(scope, "ab/m.h5")
    paths = ["a/m.h5", "a/b/n.h5", "ab/m.h5", "a.h5"]
    known = {path: Seen(Identity(1, inode, 3, 4, 5)) for inode, path in enumerate(paths)}
    assert scope.look(known, ["a"]) == {"a/m.h5": None, "a/b/n.h5": None}
    assert scope.look(known, ["a.h5"]) == {"a.h5": None}
    assert scope.look(known, ["ab"]) == {"ab/m.h5": Seen.of(scope.models_dir / "ab/m.h5")}


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        pytest.param({}, {}, set(), id="nothing"),
        pytest.param({"a": A}, {"a": A}, set(), id="same"),
        pytest.param({}, {"a": A}, {"a"}, id="new"),
        pytest.param({"a": A}, {}, {"a"}, id="gone"),
        pytest.param({"a": A, "b": A}, {"a": B, "b": A}, {"a"}, id="changed"),
        pytest.param({"a": A}, {"b": A}, {"a", "b"}, id="renamed"),
    ],
)
def test_differences(before: dict[str, Seen], after: dict[str, Seen], changed: set[str]) -> None:
    assert differences(before, after) == changed


def test_what_shares_an_inode_with_what_changed(scope: Scope) -> None:
    put(scope, "old.h5", "runs/best.h5", "alone.h5")
    (scope.models_dir / "link.h5").symlink_to("runs/best.h5")
    os.link(scope.models_dir / "runs/best.h5", scope.models_dir / "hard.h5")
    known = scope.scan()
    assert scope.look(known, ["alone.h5"]) == {"alone.h5": known["alone.h5"]}
    (scope.models_dir / "old.h5").rename(scope.models_dir / "new.h5")
    assert scope.look(known, ["new.h5"]) == {
        "new.h5": Seen.of(scope.models_dir / "new.h5"),
        "old.h5": None,
    }
    put(scope, "runs/other.h5")
    (scope.models_dir / "runs/other.h5").rename(scope.models_dir / "runs/best.h5")
    changed = scope.look(known, ["runs/best.h5"])
    assert changed.keys() == {"runs/best.h5", "link.h5", "hard.h5"}
    assert changed["link.h5"] == changed["runs/best.h5"] != known["link.h5"]


@pytest.mark.skipif(os.name == "nt", reason="paths may be longer there")
def test_a_path_that_the_system_refuses_is_passed_over(scope: Scope) -> None:
    put(scope, "m.h5")
    deep = "/".join(["d" * 240] * 20)
    too_long = [f"{deep}/m.h5", f"{deep}/x", deep, "d" * 300, f"{'d' * 300}/m.h5"]
    assert set(scope.look({}, [*too_long, "m.h5"])) == {"m.h5"}
