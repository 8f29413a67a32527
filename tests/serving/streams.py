"""A page that listens to server-sent events."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from tests.serving.harness import Server


@dataclass(frozen=True, slots=True)
class Stream:
    """An open event stream."""

    response: aiohttp.ClientResponse

    async def block(self) -> list[str]:
        """Return the lines up to the next empty one; none when the stream has ended."""
        lines: list[str] = []
        while line := (await self.response.content.readline()).decode():
            if line == "\n":
                break
            lines.append(line.removesuffix("\n"))
        return lines

    async def event(self) -> tuple[str, dict[str, Any]] | None:
        """Return the next event's name and data; None when the stream has ended."""
        while lines := await self.block():
            fields = dict(line.split(": ", 1) for line in lines)
            if "event" in fields:
                return fields["event"], json.loads(fields["data"])
        return None


@asynccontextmanager
async def listening(server: Server, origin: str = "http://localhost:5173") -> AsyncIterator[Stream]:
    """Open an event stream as a page of another port does."""
    url = f"http://localhost:{server.port}/_tfjs-serve/events"
    async with (
        asyncio.timeout(30),
        aiohttp.ClientSession() as session,
        session.get(url, headers={"Origin": origin}) as response,
    ):
        yield Stream(response)
