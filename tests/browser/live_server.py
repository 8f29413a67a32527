"""The whole server in a thread of the test, so that requests are counted where they arrive."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from aiohttp import web

from tfjs_serve.artifacts import Options
from tfjs_serve.events import Converted, Event
from tfjs_serve.library import Library
from tfjs_serve.serving import AccessPolicy, bind, make_app, serve
from tfjs_serve.watching import Watcher, Workers


class Answered(NamedTuple):
    """One request as the server saw it."""

    method: str
    path: str
    status: int


class LiveServer:
    """Watches and serves a folder on a free port; a context manager.

    events: everything the terminal would show, in order.
    """

    def __init__(self, models_dir: Path, *, keep: int = 3) -> None:
        self.events: list[Event] = []
        self.port = 0
        self._models_dir = models_dir
        self._keep = keep
        self._answered: list[Answered] = []
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._told = threading.Condition()
        self._failure: BaseException | None = None
        self._watcher: Watcher | None = None
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Self:
        self._thread.start()
        self._started.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    @property
    def url(self) -> str:
        """The server's URL as pages name it."""
        return f"http://localhost:{self.port}"

    def take_answered(self) -> list[Answered]:
        """Return the requests answered since the last call."""
        answered, self._answered = self._answered, []
        return answered

    def settle(self) -> None:
        """Wait until every change the watcher has seen is converted."""
        assert self._watcher is not None
        asyncio.run_coroutine_threadsafe(self._watcher.idle(), self._loop).result(200)

    def wait_for_versions(self, name: str, count: int, limit_s: float = 30.0) -> list[Converted]:
        """Wait until so many versions of a model have been published and return them."""

        def versions() -> list[Converted]:
            return [e for e in self.events if isinstance(e, Converted) and e.name == name]

        with self._told:
            if not self._told.wait_for(lambda: len(versions()) >= count, limit_s):
                raise TimeoutError(f"{len(versions())} of {count} versions; events {self.events}")
        return versions()

    def _tell(self, event: Event) -> None:
        with self._told:
            self.events.append(event)
            self._told.notify_all()

    def _run(self) -> None:
        try:
            with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
                runner.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - raised in the test's own thread
            self._failure = error
        finally:
            self._started.set()

    async def _serve(self) -> None:
        library = Library(self._models_dir / ".tfjs-serve", keep=self._keep)
        library.subscribe(self._tell)
        library.load()
        workers = Workers()
        watcher = self._watcher = Watcher(
            self._models_dir,
            library,
            workers,
            options_for=lambda name: Options(),
            report=self._tell,
        )
        access = AccessPolicy.from_settings()
        app = make_app(library, access, folder_id="live", on_event=self._tell)
        app.on_response_prepare.append(self._record)
        bound = bind(None, 0, strict=True)
        self.port = bound.port
        try:
            await watcher.start()
            server = await serve(app, bound)
            self._started.set()
            await self._stop.wait()
            await server.stop()
        finally:
            await watcher.close()
            await workers.close()
            bound.close()

    async def _record(self, request: web.Request, response: web.StreamResponse) -> None:
        self._answered.append(Answered(request.method, request.path, response.status))
