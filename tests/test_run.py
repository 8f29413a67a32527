"""The server as a process: how it starts, what it says, how it ends."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.command import MODULE, environment, outcome, serving
from tests.fixtures.cases import CASES
from tfjs_serve.artifacts import Artifacts, Options, Shard, Summary
from tfjs_serve.keras_files.readiness import Identity
from tfjs_serve.library import Library, Stamp

SNIPPET = "await tf.loadLayersModel('http://localhost:"
FILES = {case.id: case.path for case in CASES}


@pytest.fixture
def models(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    (folder / "sub").mkdir(parents=True)
    shutil.copy(FILES["keras3/dense"], folder / "sub" / "dense.h5")
    return folder


@contextmanager
def taken_port() -> Iterator[int]:
    """Hold a port of 127.0.0.1 as another program would."""
    with closing(socket.create_server(("127.0.0.1", 0))) as held:
        yield held.getsockname()[1]


def test_an_empty_folder_is_served(tmp_path: Path) -> None:
    with serving([str(tmp_path)]) as server:
        port = server.ready["port"]
        assert server.ready == {
            "event": "ready",
            "url": f"http://localhost:{port}",
            "port": port,
            "models": 0,
        }
        assert server.early == []
        assert server.end() == (0, [{"event": "stopped"}], "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_model_is_served_until_a_signal(models: Path, number: int) -> None:
    with serving([str(models)]) as server:
        assert server.ready["models"] == 1
        event = server.until("converted")
        assert (event["name"], event["url"]) == ("sub/dense", "/sub/dense/model.json")
        with urlopen(server.url + event["url"]) as answer:
            assert json.loads(answer.read())["format"] == "layers-model"
        assert server.end(number) == (0, [{"event": "stopped"}], "")


def test_a_restart_uses_what_is_there_again(models: Path) -> None:
    with serving([str(models)]) as server:
        first = server.until("converted")
        server.end()
    with serving([str(models)]) as server:
        event = server.event()
        assert event == {
            key: value for key, value in first.items() if key not in ("event", "ms")
        } | {"event": "reused"}
        server.end()
    with serving([str(models), "--force"]) as server:
        assert server.until("converted", "reused")["digest"] == first["digest"]
        server.end()
    assert outcome(["clean", "models"], models.parent)[0] == 0
    assert [path.name for path in models.iterdir()] == ["sub"]


def test_a_refused_model_comes_with_its_reasons(models: Path) -> None:
    shutil.copy(FILES["keras3/refused_for_two_reasons"], models / "bad.h5")
    with serving([str(models)]) as server:
        event = server.until("failed")
        assert (event["name"], event["served"], len(event["reasons"])) == ("bad", False, 2)
        server.end()


def test_people_read_lines(models: Path) -> None:
    shutil.copy(FILES["keras3/refused_lambda"], models / "bad.h5")
    process = subprocess.Popen(
        [*MODULE, "models", "--port", "0"],
        cwd=models.parent,
        env=environment(PYTHONIOENCODING="utf-8"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        try:
            while not any(SNIPPET in line for line in lines):
                lines.append(process.stdout.readline())
            process.send_signal(signal.SIGINT)
            assert process.wait() == 0
        finally:
            process.kill()
        err = process.stderr.read()
    assert "  Models   models (2 models)\n" in lines
    assert any(line.startswith("  ✓ sub/dense ") for line in lines)
    assert err.startswith("  ✗ bad ")
    assert "Lambda" in err
    assert "Traceback" not in err


def test_output_that_nobody_reads_holds_nothing_up(tmp_path: Path) -> None:
    for number in range(300):  # Their refusals fill a pipe, of 64 kB on Linux, several times.
        (tmp_path / f"{number:0200}.weights.h5").touch()
    process = subprocess.Popen(
        [*MODULE, "--log-format", "json", "--port", "0", str(tmp_path)],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    with process:
        assert process.stdout is not None
        try:
            ready = json.loads(process.stdout.readline())
            with urlopen(f"{ready['url']}/healthz", timeout=10) as answer:
                assert answer.status == 200
            process.send_signal(signal.SIGINT)
            assert process.wait(10) == 0
        finally:
            process.kill()


@pytest.mark.skipif(os.name == "nt", reason="needs a shell")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "<&- >&-"])
def test_streams_may_be_closed(models: Path, closed: str) -> None:
    with taken_port() as port:
        words = [*MODULE, str(models), "--strict-port", "--port", str(port)]
        done = subprocess.run(
            ["sh", "-c", f'exec "$@" {closed}', "sh", *words],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=50,
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr.startswith(f"tfjs-serve: port {port} is taken by another program")


_SIGNAL_WHILE_STARTING = """
import os, signal, sys
number = signal.Signals[sys.argv.pop()]
class Finder:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name == "tfjs_serve.run":
            os.kill(os.getpid(), number)
sys.meta_path.insert(0, Finder)
from tfjs_serve.cli import main
sys.exit(main())
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_while_starting_is_a_stop(models: Path, name: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SIGNAL_WHILE_STARTING, str(models), "--port", "0", name],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr.strip()) == (0, "", "")


def test_settings_of_a_stranger_are_reported(models: Path) -> None:
    (models / "tfjs-serve.toml").write_text('host = "0.0.0.0"\n')
    with serving([str(models)]) as server:
        (event,) = server.early
        assert event["event"] == "warned"
        assert "host is ignored" in event["text"]
        server.end()


def test_a_taken_port_is_passed_over_with_a_warning(models: Path) -> None:
    with taken_port() as port, serving([str(models), "--port", str(port)]) as server:
        assert server.ready["port"] > port
        (event,) = server.early
        assert event == {
            "event": "warned",
            "text": f"port {port} is taken by another program, so this is port "
            f"{server.ready['port']}; pages that name the other port get their models from there",
        }
        server.end()


def test_a_taken_port_is_an_error_when_it_must_be_that_one(models: Path) -> None:
    with taken_port() as port:
        assert outcome([str(models), "--strict-port", "--port", str(port)]) == (
            1,
            "",
            f"tfjs-serve: port {port} is taken by another program; "
            "stop it, or choose another with --port\n",
        )


@pytest.mark.parametrize("strict", [[], ["--strict-port"]])
def test_a_second_start_on_the_same_folder_says_so(models: Path, strict: list[str]) -> None:
    with serving([str(models)]) as server:
        port = server.ready["port"]
        words = [f"{models}/sub/..", "--port", str(port), *strict]
        status, out, err = outcome(words)
        assert (status, out) == (1, "")
        assert err.endswith(
            f"is served already, at http://localhost:{port}/; use that one, or stop it first\n"
        )
        server.end()


def test_a_second_start_on_another_folder_takes_the_next_port(models: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with serving([str(models)]) as first:
        port = first.ready["port"]
        with serving([str(tmp_path / "other"), "--port", str(port)]) as second:
            assert second.ready["port"] != port
            second.end()
        first.end()


def test_a_host_that_is_not_ours_is_wrong_usage(models: Path) -> None:
    status, out, err = outcome([str(models), "--host", "192.0.2.1"])
    assert (status, out, err) == (
        2,
        "",
        "tfjs-serve: --host 192.0.2.1 is no address of this machine\n",
    )


def test_event_streams_end_with_the_server(models: Path) -> None:
    with serving([str(models), "--drain", "30"]) as server:
        with urlopen(f"{server.url}/_tfjs-serve/events") as stream:
            assert stream.readline()
            server.process.send_signal(signal.SIGTERM)
            stream.read()
        assert server.end(0)[0] == 0


@pytest.fixture
def large(tmp_path: Path) -> tuple[Path, str]:
    """Return a models folder with a published shard of 64 MB, and the shard's path."""
    source = tmp_path / "large.h5"
    shutil.copy(FILES["keras3/dense"], source)
    library = Library(tmp_path / ".tfjs-serve")
    weights = bytes(64_000_000)
    shard = Shard(f"{hashlib.sha256(weights).hexdigest()[:32]}.bin", len(weights))
    (tmp_path / ".tfjs-serve" / "_w" / shard.name).write_bytes(weights)
    digest = hashlib.sha256(b"{}").hexdigest()[:16]
    artifacts = Artifacts(digest, b"{}", (shard,), Summary(1, 1, (), (), None, False))
    stamp = Stamp(*Identity.of(source).stamp)
    library.publish("large", "large.h5", artifacts, stamp, Options(), 1)
    return tmp_path, f"/_w/{shard.name}"


@contextmanager
def stuck_download(port: int, path: str) -> Iterator[None]:
    """Ask for a file and stop reading after the first bytes."""
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n\r\n".encode())
        assert client.recv(15) == b"HTTP/1.1 200 OK"
        yield


def wait_until_refused(port: int) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionError:
            return


def test_a_response_that_runs_is_given_its_time_and_no_more(large: tuple[Path, str]) -> None:
    folder, path = large
    with serving([str(folder)]) as server, stuck_download(server.ready["port"], path):
        assert server.end() == (0, [server_reused(large), {"event": "stopped"}], "")


def test_a_second_signal_ends_at_once(large: tuple[Path, str]) -> None:
    folder, path = large
    with serving([str(folder), "--drain", "50"]) as server:
        port = server.ready["port"]
        with stuck_download(port, path):
            server.process.send_signal(signal.SIGTERM)
            wait_until_refused(port)
            assert server.end() == (0, [server_reused(large), {"event": "stopped"}], "")


def server_reused(large: tuple[Path, str]) -> dict[str, object]:
    return {
        "event": "reused",
        "name": "large",
        "url": "/large/model.json",
        "digest": hashlib.sha256(b"{}").hexdigest()[:16],
        "bytes": 64_000_002,
        "warnings": [],
        "needs_companion": False,
        "custom_classes": [],
    }


@pytest.mark.skipif(os.name == "nt", reason="needs a shell script and a named pipe")
def test_the_browser_opens_once_ready(tmp_path: Path) -> None:
    pipe, script = tmp_path / "pipe", tmp_path / "browser"
    os.mkfifo(pipe)
    script.write_text(f'#!/bin/sh\necho "$1" > "{pipe}"\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    with serving([str(tmp_path), "--open"], BROWSER=f"{script} %s") as server:
        assert pipe.read_text() == f"{server.url}/\n"
        server.end()


def test_out_may_lie_in_the_models_folder(models: Path) -> None:
    with serving([".", "--out", "./sub/../site"], models) as server:
        assert server.until("converted")["name"] == "sub/dense"
        server.end()
    assert (models / "site" / "sub" / "dense" / "model.json").is_file()
    assert not (models / ".tfjs-serve").exists()
