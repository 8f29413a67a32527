"""Which folder a server publishes into: one that can be written and that nobody else has."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.command import outcome, serving
from tfjs_serve.config import Settings
from tfjs_serve.errors import UsageError
from tfjs_serve.library import Claim, claim
from tfjs_serve.library.lock import Lock, is_held


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr("sys.platform", "linux")
    (tmp_path / "models").mkdir()
    return Settings(models_dir=tmp_path / "models")


def take(settings: Settings) -> Claim:
    cache = settings.models_dir.parent / "cache"
    return claim(settings, {"XDG_CACHE_HOME": str(cache)}, patience_s=0.0)


def test_a_lock_nobody_holds_is_taken_again_and_again(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    assert not is_held(path)
    for _ in range(2):
        lock = Lock.take(path)
        assert lock is not None
        assert is_held(path)
        lock.release()
        lock.release()
        assert not is_held(path)


def test_a_lock_is_held_once(tmp_path: Path) -> None:
    lock = Lock.take(tmp_path / "lock")
    assert lock is not None
    assert Lock.take(tmp_path / "lock") is None
    lock.release()


def test_a_lock_on_a_deleted_file_holds_nobody_up(tmp_path: Path) -> None:
    old = Lock.take(tmp_path / "lock")
    (tmp_path / "lock").unlink()
    new = Lock.take(tmp_path / "lock")
    assert old is not None
    assert new is not None
    old.release()
    assert is_held(tmp_path / "lock")
    new.release()


@pytest.mark.parametrize("out", [None, "new", "empty", "ours", "link"])
def test_a_folder_that_is_free_is_taken_and_had_again(settings: Settings, out: str | None) -> None:
    (settings.models_dir / "empty").mkdir()
    (settings.models_dir / "ours" / ".state").mkdir(parents=True)
    (settings.models_dir / "link").symlink_to("ours")
    wanted = settings.models_dir / (out or ".tfjs-serve")
    asked = settings if out is None else replace(settings, out=wanted)
    for _ in range(2):
        taken = take(asked)
        assert (taken.folder, taken.in_use) == (wanted, None)
        assert wanted.is_dir()
        taken.lock.release()


@pytest.mark.parametrize("out", [None, "site"])
def test_a_folder_in_use_is_left_to_its_server(settings: Settings, out: str | None) -> None:
    asked = settings if out is None else replace(settings, out=settings.models_dir.parent / out)
    claims = [take(asked) for _ in range(3)]
    first, second, third = (claimed.folder for claimed in claims)
    assert [claimed.in_use for claimed in claims] == [None, first, first]
    assert second.parent == settings.models_dir.parent / "cache" / "tfjs-serve"
    assert third == second.with_name(f"{second.name}-2")
    claims[1].lock.release()
    again = take(asked)
    assert (again.folder, again.in_use) == (second, first)
    for claimed in (claims[0], claims[2], again):
        claimed.lock.release()


def test_the_cache_folder_is_taken_when_the_models_folder_cannot_be_written(
    settings: Settings, tmp_path: Path
) -> None:
    other = replace(settings, models_dir=tmp_path / "other")
    other.models_dir.mkdir()
    for folder in (settings.models_dir, other.models_dir):
        (folder / ".tfjs-serve").touch()  # as unwritable as a folder can be for root, too
    claims = [take(settings), take(other)]
    assert {claimed.folder.parent for claimed in claims} == {tmp_path / "cache" / "tfjs-serve"}
    assert claims[0].folder != claims[1].folder
    assert [claimed.in_use for claimed in claims] == [None, None]
    for claimed in claims:
        claimed.lock.release()


def test_a_folder_that_cannot_be_written_is_refused(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    asked = replace(settings, out=tmp_path / "file" / "site")
    with pytest.raises(UsageError, match=r"site: the served folder cannot be written .*--out"):
        take(asked)


def test_nowhere_to_go_is_refused(settings: Settings, tmp_path: Path) -> None:
    first = take(settings)
    (tmp_path / "cache").touch()
    with pytest.raises(UsageError, match=r"another server publishes .* cannot be written instead"):
        take(settings)
    first.lock.release()


def test_a_second_server_says_so_and_publishes_elsewhere(tmp_path: Path) -> None:
    models, cache = tmp_path / "models", tmp_path / "cache"
    models.mkdir()
    ours = str(models / ".tfjs-serve")
    with serving([str(models)], XDG_CACHE_HOME=str(cache)) as first:
        assert first.early == []
        with serving([str(models)], XDG_CACHE_HOME=str(cache)) as second:
            (warned,) = second.early
            (private,) = (cache / "tfjs-serve").iterdir()
            sentence = "another server publishes into this folder, so this one publishes into"
            assert warned == {"event": "warned", "text": f"{ours}: {sentence} {private}"}
            assert outcome(["clean", str(models)], XDG_CACHE_HOME=str(cache)) == (
                2,
                "",
                f"tfjs-serve: {ours}: a server publishes into it; stop that first\n",
            )
            second.end()
        first.end()
    assert outcome(["clean", str(models)], XDG_CACHE_HOME=str(cache))[0] == 0
    assert not Path(ours).exists()
    assert not private.exists()


def test_a_killed_server_leaves_the_folder_to_the_next(tmp_path: Path) -> None:
    for _ in range(2):
        with serving([str(tmp_path)]) as server:
            assert server.early == []
            server.process.kill()
            server.process.wait()


@pytest.mark.parametrize("kind", ["link", "_w a link", "_w a file", ".state a link"])
def test_a_strange_folder_below_the_models_is_left_alone(
    settings: Settings, tmp_path: Path, kind: str
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    strange = settings.models_dir / ".tfjs-serve"
    if kind == "link":
        strange.symlink_to(elsewhere)
    else:
        strange.mkdir()
        name, _, what = kind.split()
        if what == "link":
            (strange / name).symlink_to(elsewhere)
        else:
            (strange / name).touch()
    taken = take(settings)
    assert taken.folder.parent == tmp_path / "cache" / "tfjs-serve"
    assert list(elsewhere.iterdir()) == []
    taken.lock.release()
