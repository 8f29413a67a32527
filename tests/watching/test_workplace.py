"""The folder of the workers: empty, locked while it is used, deleted when its server was killed."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.command import serving
from tests.fixtures.cases import CASES
from tfjs_serve.watching.workplace import Workplace

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a folder cannot be locked there")


def left(folder: Path, name: str, *, age_s: float) -> Path:
    path = folder / name
    path.mkdir()
    mtime = path.stat().st_mtime - age_s
    os.utime(path, (mtime, mtime))
    return path


def test_what_others_left_or_use_stays(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "tfjs-serve-0000link").symlink_to(tmp_path / "elsewhere")
    kept = [
        left(tmp_path, "tfjs-serve-000young", age_s=0),
        left(tmp_path, "tfjs-serve-notes", age_s=999),
        left(tmp_path, "tfjs-serve-bench-00000000", age_s=999),
        left(tmp_path, "other-00000000", age_s=999),
        tmp_path / "tfjs-serve-0000link",
        tmp_path / "elsewhere",
    ]
    full = left(tmp_path, "tfjs-serve-0000full", age_s=0)
    (full / "notes.txt").touch()
    os.utime(full, (1, 1))
    used = Workplace(left(tmp_path, "tfjs-serve-0000used", age_s=999))
    made = Workplace.make(tmp_path)
    assert set(tmp_path.iterdir()) == {*kept, full, used.path, made.path}
    used.remove()
    made.remove()
    assert set(tmp_path.iterdir()) == {*kept, full}


def test_what_a_killed_server_left_is_deleted(tmp_path: Path) -> None:
    left(tmp_path, "tfjs-serve-00000old", age_s=61)
    made = Workplace.make(tmp_path)
    assert list(tmp_path.iterdir()) == [made.path]
    assert list(made.path.iterdir()) == []
    made.remove()


def test_a_server_deletes_what_a_killed_one_left(tmp_path: Path) -> None:
    models, temporary = tmp_path / "models", tmp_path / "temporary"
    models.mkdir()
    temporary.mkdir()
    files = {case.id: case.path for case in CASES}
    shutil.copy(files["keras3/dense"], models / "m.h5")
    with serving([str(models)], TMPDIR=str(temporary)) as server:
        server.until("converted")
        server.process.kill()
        server.process.wait()
    (killed,) = temporary.iterdir()
    os.utime(killed, (1, 1))
    with serving([str(models), "--force"], TMPDIR=str(temporary)) as server:
        server.until("converted")
        (own,) = temporary.iterdir()
        assert own != killed
        assert server.end()[0] == 0
    assert list(temporary.iterdir()) == []
