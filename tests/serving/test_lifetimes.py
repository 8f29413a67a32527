"""Waiting for a first conversion, and stopping in good order."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.serving.harness import Answer, library_in, parsed, publish, running, shard_name
from tfjs_serve.errors import ConversionError
from tfjs_serve.library import Library

URL = "/digits/model.json"


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Return a library whose only model is being converted for the first time."""
    library = library_in(tmp_path)
    library.begin("digits", "digits.h5")
    return library


def test_a_wait_that_is_too_long_ends(library: Library) -> None:
    async def scenario() -> list[Answer]:
        async with running(library, wait_s=0.01) as server:
            return [await server.ask(method, URL) for method in ("GET", "HEAD")]

    get, head = asyncio.run(scenario())
    assert get.status == 503
    assert get.headers["retry-after"] == "1"
    assert get.headers["cache-control"] == "no-store"
    assert get.headers["access-control-allow-origin"] == "*"
    assert json.loads(get.body) == {
        "title": "Service Unavailable",
        "status": 503,
        "detail": "model 'digits' is still being converted; ask again",
        "model": "digits",
    }
    assert head == Answer(get.status, get.headers, b"")


def test_pinned_versions_and_the_api_do_not_wait(library: Library) -> None:
    async def scenario() -> list[int]:
        async with running(library) as server:
            urls = (f"/digits@{'0' * 16}/model.json", "/_tfjs-serve/api/models/digits", "/")
            return [(await server.ask("GET", url)).status for url in urls]

    assert asyncio.run(scenario()) == [410, 200, 200]


async def _asking(library: Library, change: str) -> Answer:
    """Ask for the model, then let something happen once the server waits for it."""
    async with running(library) as server:
        asked = asyncio.create_task(server.ask("GET", URL))
        for _ in range(3):  # everything runs on one loop: meanwhile the first request is read
            await server.ask("GET", "/healthz")
        library.begin("other", "other.h5")
        match change:
            case "published":
                publish(library, "digits")
            case "refused":
                library.fail("digits", "digits.h5", ConversionError("digits.h5: no"))
            case "removed":
                library.withdraw("digits")
            case "stopped":
                await server.runner.stop()
        return await asked


@pytest.mark.parametrize(
    ("change", "status", "text"),
    [
        ("published", 200, '"modelTopology"'),
        ("refused", 503, "digits.h5: no"),
        ("removed", 404, "there is no model 'digits' here"),
        ("stopped", 503, "still being converted"),
    ],
)
def test_a_wait_ends_with_what_happens(
    library: Library, change: str, status: int, text: str
) -> None:
    answer = asyncio.run(_asking(library, change))
    assert answer.status == status
    assert text in answer.body.decode()
    assert "retry-after" in answer.headers or change != "stopped"


class Download:
    """A client that has begun to download a shard and takes its time."""

    def __init__(self, library: Library) -> None:
        self.weights = bytes(48 * 1024 * 1024)  # more than the buffers of both sockets hold
        publish(library, "large", weights=self.weights)

    async def begin(self, port: int) -> asyncio.StreamReader:
        reader, self.writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        request = f"GET /_w/{shard_name(self.weights)} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        self.writer.write(request.encode())
        self.head = await reader.readuntil(b"\r\n\r\n")
        return reader

    async def rest(self, reader: asyncio.StreamReader) -> bytes:
        try:
            return b"".join([chunk async for chunk in _chunks(reader)])
        finally:
            self.writer.close()


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    try:
        while chunk := await reader.read(1 << 20):
            yield chunk
    except ConnectionError:
        return


def test_a_running_download_gets_its_time(library: Library) -> None:
    async def scenario() -> None:
        download = Download(library)
        async with running(library, drain_s=60) as server:
            reader = await download.begin(server.port)
            stopping = asyncio.create_task(server.runner.stop())
            body = await download.rest(reader)
            await stopping
            assert parsed(download.head).status == 200
            assert len(body) == len(download.weights)

    asyncio.run(scenario())


def test_a_download_outlives_the_file_it_reads(library: Library) -> None:
    async def scenario() -> None:
        download = Download(library)
        async with running(library) as server:
            reader = await download.begin(server.port)
            library.shelf.note_checked(shard_name(download.weights), is_right=False)
            assert await reader.readexactly(len(download.weights)) == download.weights
            download.writer.close()

    asyncio.run(scenario())


def test_a_download_that_takes_longer_is_cut(library: Library) -> None:
    async def scenario() -> None:
        download = Download(library)
        async with running(library, drain_s=0.02) as server:
            reader = await download.begin(server.port)
            async with asyncio.timeout(10):
                await server.runner.stop()
            assert len(await download.rest(reader)) < len(download.weights)

    asyncio.run(scenario())


def test_a_stopped_server_accepts_nobody(library: Library) -> None:
    async def scenario() -> None:
        async with running(library) as server:
            await server.ask("GET", "/healthz")
            await server.runner.stop()
            with pytest.raises(ConnectionRefusedError):
                await server.ask("GET", "/healthz")

    asyncio.run(scenario())
