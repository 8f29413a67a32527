from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from tests.serving.harness import FOLDER_ID, library_in, running
from tfjs_serve.serving import folder_served_at


def test_nobody() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        assert folder_served_at("127.0.0.1", free.getsockname()[1]) is None


def test_someone_who_never_answers() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        assert folder_served_at("127.0.0.1", silent.getsockname()[1], timeout_s=0.01) is None


def test_another_program() -> None:
    async def scenario() -> None:
        for answer in (b"SSH-2.0\r\n", b"HTTP/1.1 200 OK\r\n\r\n[]", b"HTTP/1.1 200 OK\r\n\r\n<p>"):

            async def reply(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, told: bytes = answer
            ) -> None:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(told)
                await writer.drain()
                writer.close()

            server = await asyncio.start_server(reply, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]
            assert await asyncio.to_thread(folder_served_at, "127.0.0.1", port) is None
            server.close()

    asyncio.run(scenario())


def test_an_earlier_start(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with running(library_in(tmp_path)) as server:
            for host in ("127.0.0.1", "localhost", "[::1]"):
                found = await asyncio.to_thread(folder_served_at, host, server.port)
                assert found == FOLDER_ID

    asyncio.run(scenario())
