"""The event stream: what changes, told to every page that listens."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any
from uuid import uuid4

from aiohttp import hdrs, web

from tfjs_serve.events import Converted, Converting, Failed, ModelEvent, Removed, Reused
from tfjs_serve.library import Entry, Library
from tfjs_serve.names import live_path
from tfjs_serve.serving.answers import described, encoded
from tfjs_serve.serving.targets import Target

RETRY_MS = 500
"""How soon a page asks again after the server went away (browser.md 4)."""

_BACKLOG = 256
"""Events a slow page may lag behind; past that it is let go, and learns all by `hello`."""

_PING = b": ping\n\n"


class Broadcast:
    """Tells waiting requests and open streams of every change of a library."""

    def __init__(self, library: Library, *, ping_s: float) -> None:
        """Listen to `library`; each stream hears a comment every `ping_s` at least."""
        self._library = library
        self._ping_s = ping_s
        self._server = uuid4().hex[:16]
        self._streams: set[asyncio.Queue[bytes | None]] = set()
        self._changed = asyncio.Event()
        self._is_closed = False
        self._unsubscribe = library.subscribe(self._tell)

    @property
    def is_closed(self) -> bool:
        """Tell whether the server is stopping."""
        return self._is_closed

    async def change(self) -> None:
        """Wait for the next change of the library, or the end of the server."""
        if not self._is_closed:
            await self._changed.wait()

    def close(self) -> None:
        """End all streams and everything that waits."""
        self._unsubscribe()
        self._is_closed = True
        self._changed.set()
        for stream in self._streams:
            _end(stream)

    async def stream(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Answer with events until the page or the server goes."""
        headers = {hdrs.CACHE_CONTROL: target.headers.cache_control, **described(target)}
        if request.method == hdrs.METH_HEAD:
            return web.Response(headers=headers)
        response = web.StreamResponse(headers=headers)
        stream: asyncio.Queue[bytes | None] = asyncio.Queue(_BACKLOG)
        stream.put_nowait(self._hello())
        self._streams.add(stream)
        if self._is_closed:
            _end(stream)
        try:
            await response.prepare(request)
            while (message := await self._next(stream)) is not None:
                await response.write(message)
        except ConnectionError:
            pass  # The page has gone, which is how most streams end.
        finally:
            self._streams.discard(stream)
        return response

    async def _next(self, stream: asyncio.Queue[bytes | None]) -> bytes | None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._ping_s):
                return await stream.get()
        return _PING

    def _tell(self, event: ModelEvent) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
        message = _message(*_as_message(event), revision=self._library.revision)
        for stream in tuple(self._streams):
            try:
                stream.put_nowait(message)
            except asyncio.QueueFull:
                self._streams.discard(stream)
                _end(stream)

    def _hello(self) -> bytes:
        data = {
            "server": self._server,
            "models": [_known(entry) for entry in self._library.entries()],
        }
        hello = _message("hello", data, revision=self._library.revision)
        return f"retry: {RETRY_MS}\n".encode() + hello


def _known(entry: Entry) -> dict[str, Any]:
    return {
        "name": entry.name,
        "state": entry.state.value,
        "digest": None if entry.current is None else entry.current.digest,
        "url": live_path(entry.name),
    }


def _as_message(event: ModelEvent) -> tuple[str, dict[str, Any]]:
    """Return the name and the data of an event; a version that is re-used took no time."""
    match event:
        case Converting(name):
            return "converting", {"name": name}
        case Converted(name, url, digest, ms=ms):
            return "model", {"name": name, "digest": digest, "url": url, "ms": ms}
        case Reused(name, url, digest):
            return "model", {"name": name, "digest": digest, "url": url, "ms": None}
        case Failed(name, error, served=served):
            return "error", {"name": name, "message": error, "served": served}
        case Removed(name):
            return "removed", {"name": name}


def _message(event: str, data: dict[str, Any], *, revision: int) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (event.encode(), encoded({**data, "revision": revision}))


def _end(stream: asyncio.Queue[bytes | None]) -> None:
    """Make None the last thing a stream gets, whatever it has not sent yet."""
    if stream.full():
        stream.get_nowait()
    stream.put_nowait(None)
