"""A folder of strange names and of things that are no files, served by a real server."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest

from tests.browser.live_server import LiveServer
from tfjs_serve.artifacts import SHARD_FOLDER
from tfjs_serve.config import Verbosity
from tfjs_serve.terminal import TextReporter

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names and nodes of Linux")

IRIS = Path(__file__).parents[2] / "sample_models" / "iris.h5"
NAMES = {
    "new\nline.h5": "new\nline",
    "'single' \"double\".h5": "'single' \"double\"",
    "percent%2F%00.h5": "percent%2F%00",
    "question?hash#.h5": "question?hash#",
    "\u202egnp.h5": "\u202egnp",
    "\x1b[31mred\x07.h5": "\x1b[31mred\x07",
    "<img src=x onerror=alert(1)>.h5": "<img src=x onerror=alert(1)>",
    "back\\slash.h5": "back\\slash",
    "e\u0301.h5": "\u00e9",
    "at@home.h5": "at_at_home",
    "l" * 200 + ".h5": "l" * 200,
    "twin/inner.h5": "twin/inner",
    "twin.h5": "twin",
}
"""Names of files and the names they are served under."""

NODES = ("folder.h5", "pipe.h5", "pipe_link.h5", "socket.h5", "zero.h5", "loop.h5", "dead.h5")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    models = tmp_path_factory.mktemp("strange")
    for name in (*NAMES, "both.h5", "both.keras"):
        (models / name).parent.mkdir(exist_ok=True)
        shutil.copy(IRIS, models / name)
    (models / "folder.h5").mkdir()
    os.mkfifo(models / "pipe.h5")
    (models / "pipe_link.h5").symlink_to("pipe.h5")
    with tempfile.TemporaryDirectory(prefix="s") as folder, socket.socket(socket.AF_UNIX) as made:
        made.bind(f"{folder}/s")
        Path(folder, "s").rename(models / "socket.h5")
    (models / "zero.h5").symlink_to("/dev/zero")
    (models / "loop.h5").symlink_to("loop.h5")
    (models / "dead.h5").symlink_to("nowhere.h5")
    (models / "giant.h5").touch()
    os.truncate(models / "giant.h5", 64 << 30)
    shutil.copy(IRIS, models / os.fsdecode(b"latin-\xe9.h5"))
    with LiveServer(models) as running:
        running.settle()
        yield running


def get(server: LiveServer, url: str) -> bytes:
    with urllib.request.urlopen(urljoin(server.url, url), timeout=30) as answer:
        body: bytes = answer.read()
        return body


@pytest.fixture(scope="module")
def models(server: LiveServer) -> dict[str, dict[str, Any]]:
    found = json.loads(get(server, "/_tfjs-serve/api/models"))["models"]
    return {model["name"]: model for model in found}


@pytest.mark.parametrize("name", NAMES.values(), ids=ascii)
def test_a_model_is_served_whatever_its_name(
    name: str, server: LiveServer, models: dict[str, dict[str, Any]]
) -> None:
    assert (models[name]["state"], models[name]["error"]) == ("ready", None)
    for url in models[name]["urls"].values():
        assert url.isascii()
        assert url.isprintable()
        document = get(server, url)
        (group,) = json.loads(document)["weightsManifest"]
        (path,) = group["paths"]
        assert urljoin(url, path).startswith(f"/{SHARD_FOLDER}/")
        assert len(document + get(server, urljoin(url, path))) == models[name]["bytes"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("pipe", "pipe.h5 is a pipe, socket or device, not a file"),
        ("pipe_link", "pipe_link.h5 is a pipe, socket or device, not a file"),
        ("socket", "socket.h5 is a pipe, socket or device, not a file"),
        ("zero", "zero.h5 is a "),  # A device, or a link that leads out: either is refused.
        ("giant", "giant.h5 starts with zeros where an HDF5 file has its signature"),
        ("latin-\ufffd", "has a name that is not UTF-8"),
        ("both.keras", "both.keras cannot be served as 'both', the name of both.h5"),
    ],
)
def test_what_is_no_model_is_refused_in_one_line(
    name: str, sentence: str, models: dict[str, dict[str, Any]]
) -> None:
    assert (models[name]["state"], models[name]["served"]) == ("failed", False)
    message = models[name]["error"]["message"]
    assert sentence in message
    assert message.isprintable()


def test_nothing_else_is_listed(models: dict[str, dict[str, Any]]) -> None:
    refused = {"pipe", "pipe_link", "socket", "zero", "giant", "latin-\ufffd", "both.keras"}
    assert models.keys() == {*NAMES.values(), *refused, "both"}


def test_the_terminal_shows_no_character_that_acts(server: LiveServer) -> None:
    out, err = io.StringIO(), io.StringIO()
    reporter = TextReporter(out, err, verbosity=Verbosity.VERBOSE)
    for event in server.events:
        reporter.report(event)
    shown = out.getvalue() + err.getvalue()
    assert "\\x1b[31mred\\x07" in shown
    assert [line for line in shown.split("\n") if not line.isprintable()] == []


def test_the_list_holds_no_element_of_a_name(server: LiveServer) -> None:
    page = get(server, "/").decode()
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert not any(character in page for character in "\x1b\x07\u202e")


def test_an_unknown_name_is_repeated_as_plain_json(server: LiveServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        get(server, "/%1B%5B31m%3Cimg%3E%E2%80%AE/model.json")
    with caught.value as answer:
        assert answer.status == 404
        assert answer.headers["Content-Type"] == "application/problem+json"
        body = answer.read().decode()
    assert body.isascii()
    assert body.isprintable()
    json.loads(body)
