"""The command line in a terminal: sentences are as wide as it is."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import subprocess
import termios
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.command import MODULE, environment
from tests.fixtures.cases import CASES

REFUSED, CUSTOM = (
    str(next(case.path for case in CASES if case.id == f"keras3/{name}"))
    for name in ("refused_for_two_reasons", "refused_custom_weights")
)
ALLOWED = ("--allow-custom=MixIn", "--allow-custom=mine>Block")


def shown(arguments: Sequence[str], cwd: Path, columns: int) -> tuple[int, list[str]]:
    """Return the status of a command, and the lines it shows in a terminal so wide."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    process = subprocess.Popen(
        [*MODULE, *arguments],
        cwd=cwd,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    text = b""
    try:
        while part := os.read(ours, 4096):
            text += part
    except OSError:  # How Linux says that nobody holds the other end any more.
        pass
    os.close(ours)
    return process.wait(), text.decode().splitlines()


def test_a_sentence_that_fits_is_one_line(tmp_path: Path) -> None:
    sentence = "tfjs-serve: m.h5: does not exist; expected a Keras model file"
    assert shown(["convert", "m.h5", "out"], tmp_path, 80) == (2, [sentence])


def test_a_wrong_word_hangs_below_its_beginning(tmp_path: Path) -> None:
    assert shown(["convert", "m.h5", "out"], tmp_path, 40) == (
        2,
        [
            "tfjs-serve: m.h5: does not exist;",
            "            expected a Keras model file",
        ],
    )


@pytest.mark.parametrize("command", ["convert", "stub"])
def test_what_is_no_model_is_refused_in_lines_of_the_terminal(tmp_path: Path, command: str) -> None:
    (tmp_path / "m.h5").write_text("no model")
    out = ["out"] if command == "convert" else []
    status, lines = shown([command, "m.h5", *out], tmp_path, 60)
    assert (status, len(lines) > 1) == (1, True)
    assert lines[0].startswith("tfjs-serve: m.h5 is a text file")
    assert all(line.startswith(" " * 12) for line in lines[1:])
    assert max(map(len, lines)) <= 60


def test_reasons_hang_below_their_beginning(tmp_path: Path) -> None:
    (tmp_path / "m.h5").write_bytes(Path(REFUSED).read_bytes())
    status, lines = shown(["convert", "m.h5", "out"], tmp_path, 70)
    assert status == 1
    assert lines[0] == "tfjs-serve: m.h5: cannot be converted exactly, for 2 reasons:"
    assert [line[:4] for line in lines[1:] if line[2] == "-"] == ["  - ", "  - "]
    assert {line[:4] for line in lines[1:] if line[2] != "-"} == {"    "}
    assert max(map(len, lines)) <= 70


def test_warnings_hang_below_their_beginning(tmp_path: Path) -> None:
    status, lines = shown(["convert", CUSTOM, "out", *ALLOWED, "--quiet"], tmp_path, 60)
    assert status == 0
    assert lines[0].startswith("warning: needs the class 'MixIn': ")
    assert {line[:9] for line in lines} == {"warning: ", " " * 9}
    assert max(map(len, lines)) <= 60


def test_what_was_changed_is_told_in_lines_of_the_terminal(tmp_path: Path) -> None:
    status, lines = shown(["convert", CUSTOM, "o", *ALLOWED, "--verbose"], tmp_path, 40)
    assert status == 0
    first = next(index for index, line in enumerate(lines) if line.startswith("rules: "))
    changes = lines[first:-1]
    assert len(changes) > 1
    assert max(map(len, changes)) <= 40
