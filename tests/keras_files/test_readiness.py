from __future__ import annotations

import io
import mmap
import os
import socket
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.keras_files.h5_samples import write_model
from tfjs_serve.errors import ConversionError
from tfjs_serve.keras_files.readiness import Identity, Readiness, Writers, open_source, probe
from tfjs_serve.keras_files.readiness import writers_of as writers

linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has leases")

SAVE_300_TIMES = """
import sys, numpy as np, h5py
for n in range(300):
    with h5py.File(sys.argv[1], "w") as file:
        file["d"] = np.full(1000, n)
"""
PROBE_UNTIL_TOLD = """
import os, sys
from tfjs_serve.keras_files.readiness import open_source, probe
os.set_blocking(0, False)
print("probing", flush=True)
count = 0
while os.getppid() and sys.stdin.buffer.raw.read(1) is None:
    fd = open_source(sys.argv[1])
    probe(fd)
    os.close(fd)
    count += 1
print(count)
"""


def probed(path: Path) -> Readiness:
    fd = open_source(path)
    try:
        return probe(fd)
    finally:
        os.close(fd)


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def link_to_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def link_to_pipe(path: Path) -> None:
    os.mkfifo(path.with_name("pipe"))
    path.symlink_to("pipe")


def unix_socket(path: Path) -> None:
    # Names of sockets are short, so a short one is moved.
    with tempfile.TemporaryDirectory(prefix="s") as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{folder}/s")
        Path(folder, "s").rename(path)


def dangling_link(path: Path) -> None:
    path.symlink_to("nowhere.h5")


def link_loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        pytest.param(
            lambda path: None, "cannot be opened (No such file or directory)", id="missing"
        ),
        pytest.param(dangling_link, "cannot be opened (No such file or directory)", id="dangling"),
        pytest.param(
            link_loop, "cannot be opened (Too many levels of symbolic links)", id="link loop"
        ),
        pytest.param(folder, "is a folder, not a file", id="folder"),
        pytest.param(pipe, "is a pipe, socket or device, not a file", id="pipe"),
        pytest.param(link_to_pipe, "is a pipe, socket or device, not a file", id="link to pipe"),
        pytest.param(unix_socket, "is a pipe, socket or device, not a file", id="socket"),
        pytest.param(link_to_device, "is a pipe, socket or device, not a file", id="device"),
    ],
)
def test_what_is_no_file_is_refused(
    make: Callable[[Path], None], sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "x.h5"
    make(path)
    with pytest.raises(ConversionError) as caught:
        open_source(path)
    assert str(caught.value).startswith(f"x.h5 {sentence};")


def test_a_name_with_control_characters_is_shown_escaped(tmp_path: Path) -> None:
    with pytest.raises(ConversionError, match=r"^'a\\nb\.h5' cannot be opened"):
        open_source(tmp_path / "a\nb.h5")


def flagged(offset: int) -> Callable[[bytes], bytes]:
    return lambda data: data[:offset] + b"\1" + data[offset + 1 :]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        pytest.param(b"", Readiness.UNKNOWN, id="zeros"),
        pytest.param(b"PK\3\4", Readiness.UNFINISHED, id="zip"),
    ],
)
def test_a_sparse_giant_is_looked_at_in_no_time(
    head: bytes, expected: Readiness, tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(head)
    os.truncate(path, 64 << 30)
    assert probed(path) is expected


V0: dict[str, object] = {}
V3: dict[str, object] = {"libver": "latest"}
USER_BLOCK: dict[str, object] = {"userblock_size": 1024}


@linux
@pytest.mark.parametrize(
    ("options", "change", "expected"),
    [
        pytest.param(V0, lambda data: b"", Readiness.UNFINISHED, id="empty"),
        pytest.param(V0, lambda data: data[:5], Readiness.UNFINISHED, id="part of signature"),
        pytest.param(V0, lambda data: data[:30], Readiness.UNFINISHED, id="part of superblock"),
        pytest.param(V0, lambda data: data[:96], Readiness.UNFINISHED, id="superblock only"),
        pytest.param(V0, lambda data: data[:-1], Readiness.UNFINISHED, id="a byte is missing"),
        pytest.param(V3, lambda data: data[:-1], Readiness.UNFINISHED, id="v3 cut"),
        pytest.param(USER_BLOCK, lambda data: data[:-1], Readiness.UNFINISHED, id="block cut"),
        pytest.param(V0, lambda data: b"abc", Readiness.UNKNOWN, id="three bytes"),
        pytest.param(V0, lambda data: bytes(4096), Readiness.UNKNOWN, id="zeros"),
        pytest.param(V0, lambda data: b"x" * 3 + data, Readiness.UNKNOWN, id="shifted by 3"),
        pytest.param(V0, flagged(20), Readiness.FLAGGED, id="v0 flagged"),
        pytest.param(V3, flagged(11), Readiness.FLAGGED, id="v3 flagged"),
        pytest.param(V0, lambda data: data + b"\0", Readiness.TRAILING, id="a byte too many"),
        pytest.param(V0, lambda data: data, Readiness.READY, id="v0"),
        pytest.param(V3, lambda data: data, Readiness.READY, id="v3"),
        pytest.param(USER_BLOCK, lambda data: data, Readiness.READY, id="user block"),
        pytest.param(
            V0, lambda data: bytes(512) + data, Readiness.READY, id="user block put before"
        ),
    ],
)
def test_what_the_superblock_tells(
    options: dict[str, object],
    change: Callable[[bytes], bytes],
    expected: Readiness,
    tmp_path: Path,
) -> None:
    path = write_model(tmp_path / "m.h5", file_options=options)
    path.write_bytes(change(path.read_bytes()))
    assert probed(path) is expected


def zipped(comment: bytes = b"", count: int = 2) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for index in range(count):
            archive.writestr(f"config{index}.json", "{}" * 40)
        archive.comment = comment
    return out.getvalue()


@linux
@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(zipped()[:2], Readiness.UNFINISHED, id="part of signature"),
        pytest.param(zipped()[:6], Readiness.UNFINISHED, id="signature"),
        pytest.param(zipped()[:-1], Readiness.UNFINISHED, id="a byte is missing"),
        pytest.param(zipped()[:150], Readiness.UNFINISHED, id="members only"),
        pytest.param(zipped() + b"x", Readiness.UNFINISHED, id="a byte too many"),
        pytest.param(zipped()[:90] + zipped()[100:], Readiness.UNFINISHED, id="bytes lost"),
        pytest.param(b"PKzip", Readiness.UNKNOWN, id="another signature"),
        pytest.param(zipped(), Readiness.READY, id="whole"),
        pytest.param(zipped(b"PK\5\6 said" * 99), Readiness.READY, id="comment"),
        pytest.param(zipped(count=66000), Readiness.READY, id="zip64"),
    ],
)
def test_what_the_end_of_a_zip_file_tells(data: bytes, expected: Readiness, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    path.write_bytes(data)
    assert probed(path) is expected


@linux
def test_every_earlier_state_of_a_zip_file_is_unfinished(tmp_path: Path) -> None:
    data = zipped(count=3)
    path = tmp_path / "m.keras"
    for size in range(len(data)):
        path.write_bytes(data[:size])
        assert probed(path) is Readiness.UNFINISHED


@linux
def test_a_file_is_busy_as_long_as_this_process_has_it_open_for_writing(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with path.open("r+b"):
        assert probed(path) is Readiness.BUSY
    assert probed(path) is Readiness.READY


@linux
def test_a_file_is_busy_as_long_as_it_is_mapped_for_writing(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    assert probed(path) is Readiness.BUSY
    mapped.close()
    assert probed(path) is Readiness.READY


@linux
def test_a_file_is_busy_as_long_as_another_process_writes_it(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    script = "import sys; f = open(sys.argv[1], 'r+b'); print('open', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "open\n"
        assert probed(path) is Readiness.BUSY
        writer.communicate("\n")
    assert writer.returncode == 0
    assert probed(path) is Readiness.READY


@linux
def test_a_descriptor_that_takes_no_lease_tells_nothing_about_writers() -> None:
    reading, writing = os.pipe()
    assert writers(reading) is Writers.UNKNOWN
    os.close(reading)
    os.close(writing)


@linux
def test_saving_never_fails_while_the_file_is_probed(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    with subprocess.Popen(
        [sys.executable, "-c", PROBE_UNTIL_TOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as prober:
        assert prober.stdout is not None
        assert prober.stdout.readline() == "probing\n"
        subprocess.run([sys.executable, "-c", SAVE_300_TIMES, str(path)], check=True)
        out, _ = prober.communicate("\n")
    # It handles no signal: neither SIGIO nor the one asked for in its place has ended it.
    assert prober.returncode == 0
    assert int(out) > 0
    assert probed(path) is Readiness.READY


def rewrite_with_old_time(path: Path) -> None:
    found = path.stat()
    data = path.read_bytes()
    path.write_bytes(data[::-1])
    os.utime(path, ns=(found.st_atime_ns, found.st_mtime_ns))


def replace_by_copy(path: Path) -> None:
    copy = path.with_suffix(".copy")
    copy.write_bytes(path.read_bytes())
    os.utime(copy, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    copy.replace(path)


def append(path: Path) -> None:
    with path.open("ab") as file:
        file.write(b"x")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(rewrite_with_old_time, id="rewritten, time set back"),
        pytest.param(replace_by_copy, id="replaced by an equal file"),
        pytest.param(append, id="longer"),
    ],
)
def test_every_change_makes_another_identity(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    path = tmp_path / "m.h5"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1, 1))
    before = Identity.of(path)
    change(path)
    assert Identity.of(path) != before


def test_a_descriptor_has_the_identity_of_its_file(tmp_path: Path) -> None:
    path = write_model(tmp_path / "m.h5")
    fd = open_source(path)
    assert Identity.of(fd) == Identity.of(path)
    os.close(fd)
    found = path.stat()
    assert Identity.of(path).stamp == (found.st_size, found.st_mtime_ns, found.st_ino)


def test_neither_numpy_nor_h5py_is_imported() -> None:
    script = (
        "import sys, tfjs_serve.keras_files.readiness, tfjs_serve.keras_files.strangers;"
        "print({'numpy', 'h5py'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], check=True, capture_output=True, text=True
    )
    assert done.stdout == "set()\n"
