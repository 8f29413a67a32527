from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.serving.harness import library_in, publish, running
from tests.serving.streams import listening
from tfjs_serve.errors import ConversionError
from tfjs_serve.library import Library


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return library_in(tmp_path)


def test_what_a_page_hears(library: Library) -> None:
    async def scenario() -> None:
        old = publish(library, "vision/digits")
        library.begin("new", "new.h5")
        async with running(library) as server, listening(server) as stream:
            name, hello = await stream.event() or ("", {})
            assert (name, len(hello.pop("server"))) == ("hello", 16)
            assert hello == {
                "revision": 2,
                "models": [
                    {
                        "name": "new",
                        "state": "converting",
                        "digest": None,
                        "url": "/new/model.json",
                    },
                    {
                        "name": "vision/digits",
                        "state": "ready",
                        "digest": old.digest,
                        "url": "/vision/digits/model.json",
                    },
                ],
            }
            library.begin("vision/digits", "vision/digits.h5")
            new = publish(library, "vision/digits", model_json=b"{}")
            library.begin("vision/digits", "vision/digits.h5")
            library.fail("vision/digits", "vision/digits.h5", ConversionError("two\nlines"))
            publish(library, "vision/digits", model_json=b"{}")
            library.withdraw("vision/digits")
            model = {
                "name": "vision/digits",
                "digest": new.digest,
                "url": "/vision/digits/model.json",
            }
            assert [await stream.event() for _ in range(6)] == [
                ("converting", {"name": "vision/digits", "revision": 3}),
                ("model", model | {"ms": 12, "revision": 4}),
                ("converting", {"name": "vision/digits", "revision": 5}),
                (
                    "error",
                    {
                        "name": "vision/digits",
                        "message": "two\\nlines",
                        "served": True,
                        "revision": 6,
                    },
                ),
                ("model", model | {"ms": None, "revision": 7}),
                ("removed", {"name": "vision/digits", "revision": 8}),
            ]

    asyncio.run(scenario())


def test_headers_of_the_stream(library: Library) -> None:
    async def scenario() -> None:
        async with running(library) as server, listening(server) as stream:
            headers = stream.response.headers
            assert headers["Content-Type"] == "text/event-stream"
            assert headers["Cache-Control"] == "no-store"
            assert headers["X-Accel-Buffering"] == "no"
            assert headers["Access-Control-Allow-Origin"] == "*"
            assert headers["Cross-Origin-Resource-Policy"] == "same-site"
            assert (await stream.block())[0] == "retry: 500"
            head = await server.ask("HEAD", "/_tfjs-serve/events")
            hop_by_hop = ("date", "connection", "transfer-encoding")
            assert (head.status, head.body) == (200, b"")
            assert head.headers == {
                name.lower(): value
                for name, value in headers.items()
                if name.lower() not in hop_by_hop
            }

    asyncio.run(scenario())


def test_an_idle_stream_is_shown_to_be_alive(library: Library) -> None:
    async def scenario() -> None:
        async with running(library, ping_s=0.001) as server, listening(server) as stream:
            await stream.event()
            assert await stream.block() == [": ping"]
            library.begin("digits", "digits.h5")
            assert await stream.event() == ("converting", {"name": "digits", "revision": 1})

    asyncio.run(scenario())


def test_stopping_ends_streams_at_once(library: Library) -> None:
    async def scenario() -> None:
        async with running(library, drain_s=60) as server, listening(server) as stream:
            await stream.event()
            async with asyncio.timeout(10):
                await server.runner.stop()
            assert await stream.event() is None

    asyncio.run(scenario())


def test_a_page_that_lags_is_let_go_and_starts_anew(library: Library) -> None:
    async def scenario() -> None:
        async with running(library) as server, listening(server) as stream:
            await stream.event()
            for number in range(1000):  # without a pause in which the stream could be written
                library.begin(f"m{number}", f"m{number}.h5")
            heard = 0
            while await stream.event() is not None:
                heard += 1
            assert heard < 1000
            async with listening(server) as again:
                name, hello = await again.event() or ("", {})
                assert (name, len(hello["models"])) == ("hello", 1000)

    asyncio.run(scenario())


def test_streams_of_pages_that_left_are_forgotten(library: Library) -> None:
    async def scenario() -> None:
        async with running(library, ping_s=0.001, drain_s=60) as server:
            for _ in range(3):
                async with listening(server) as stream:
                    await stream.event()
            async with asyncio.timeout(10):
                await server.runner.stop()

    asyncio.run(scenario())
