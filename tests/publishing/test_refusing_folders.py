"""Folders that refuse: full, read-only, not to be written; what was good stays served."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.command import MODULE, Served, environment, serving
from tests.publishing.versions import load, read, save

_OBEDIENT = """
import ctypes, os, sys
for capability in (1, 2, 3):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER
    ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""
OBEDIENT = (sys.executable, "-c", _OBEDIENT, *MODULE[1:])
"""The command, kept from passing over permissions by who runs the tests as root."""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="mounts, and drops capabilities")


@contextmanager
def mounted(folder: Path, size: str) -> Iterator[None]:
    """Have a small file system of its own at a folder; skips the test where that may not be."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount a file system")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until there is no room."""
    path = folder / "filler"
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"?" * 4096)
        except OSError:
            return path


def served_version(server: Served) -> int:
    return load(server.ready["port"], "m").version


def test_a_full_disk_costs_the_new_version_only(tmp_path: Path) -> None:
    models, site = tmp_path / "models", tmp_path / "site"
    models.mkdir()
    words = [str(models), "--out", str(site)]
    with mounted(site, "256k"):
        save(models / "m.h5", 1)
        with serving(words) as server:
            server.until("converted")
            filler = fill(site)
            save(models / "m.h5", 2)
            failed = server.until("failed", "converted")
            assert (failed["event"], failed["served"]) == ("failed", True)
            assert "No space left on device" in failed["error"]
            assert (served_version(server), read(site, "m")) == (1, 1)
            assert list(site.rglob(".tmp-*")) == []
            server.end()
        with serving(words) as server:
            failed = server.until("failed")
            assert (failed["served"], served_version(server)) == (True, 1)
            filler.unlink()  # The rest happens by itself.
            server.until("converted")
            assert (served_version(server), read(site, "m")) == (2, 2)
            server.end()


def test_a_full_disk_is_told_of_at_the_first_version(tmp_path: Path) -> None:
    models, site = tmp_path / "models", tmp_path / "site"
    models.mkdir()
    with mounted(site, "32k"):
        save(models / "m.h5", 1)
        with serving([str(models), "--out", str(site)]) as server:
            failed = server.until("failed", "converted")
            assert (failed["event"], failed["served"]) == ("failed", False)
            assert "No space left on device" in failed["error"]
            server.end()
        shards = [path for path in (site / "_w").iterdir() if not path.name.endswith(".bin")]
        assert shards == []


def test_a_read_only_file_system_is_served_from_the_cache_folder(tmp_path: Path) -> None:
    models = tmp_path / "models"
    with mounted(models, "1m"):
        save(models / "m.h5", 1)
        remount = ["mount", "-o", "remount,ro", str(models)]
        subprocess.run(remount, check=True)
        with serving([str(models)], XDG_CACHE_HOME=str(tmp_path / "cache")) as server:
            server.until("converted")
            assert served_version(server) == 1
            assert server.end()[0] == 0


def test_a_folder_that_may_not_be_written_is_served_from_the_cache_folder(tmp_path: Path) -> None:
    models, cache = tmp_path / "models", tmp_path / "cache"
    models.mkdir()
    cache.mkdir()
    save(models / "m.h5", 1)
    models.chmod(0o555)
    with serving([str(models)], program=OBEDIENT, XDG_CACHE_HOME=str(cache)) as server:
        server.until("converted")
        assert served_version(server) == 1
        server.end()
    assert sorted(path.name for path in models.iterdir()) == ["m.h5"]


def test_nowhere_to_publish_is_wrong_usage(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    models.chmod(0o555)
    done = subprocess.run(
        [*OBEDIENT, str(models), "--port", "0"],
        env=environment(XDG_CACHE_HOME=str(models / "cache")),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"tfjs-serve: {models / 'cache'}")
    assert "the served folder cannot be written ([Errno 13] Permission denied" in done.stderr
    assert done.stderr.endswith("name another one with --out\n")


def test_rights_that_are_taken_away_cost_the_new_version_only(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    save(models / "m.h5", 1)
    with serving([str(models)], program=OBEDIENT) as server:
        server.until("converted")
        store = models / ".tfjs-serve" / "_w"
        store.chmod(0o555)
        save(models / "m.h5", 2)
        failed = server.until("failed", "converted")
        assert (failed["event"], failed["served"]) == ("failed", True)
        assert "Permission denied" in failed["error"]
        assert served_version(server) == 1
        store.chmod(0o755)
        save(models / "m.h5", 3)
        server.until("converted")
        assert served_version(server) == 3
        server.end()


def test_a_model_that_may_not_be_read_is_refused_until_it_may(tmp_path: Path) -> None:
    models = tmp_path / "models"
    models.mkdir()
    save(models / "m.h5", 1)
    (models / "m.h5").chmod(0)
    with serving([str(models)], program=OBEDIENT) as server:
        failed = server.until("failed", "converted")
        assert (failed["event"], failed["served"]) == ("failed", False)
        assert "Permission denied" in failed["error"]
        (models / "m.h5").chmod(0o644)
        server.until("converted")
        assert served_version(server) == 1
        server.end()
