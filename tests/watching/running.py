"""A watcher at work in a real folder, with real worker processes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.watching.jobs import save
from tfjs_serve.artifacts import Options
from tfjs_serve.events import Event
from tfjs_serve.library import Library
from tfjs_serve.watching import Watcher, Workers

LIMIT_S = 20.0

E = TypeVar("E", bound=Event)


@dataclass
class Running:
    """A watcher at work, and what it told."""

    models: Path
    library: Library
    workers: Workers
    watcher: Watcher
    count: int
    queue: asyncio.Queue[Event]
    told: list[Event]

    async def until(self, kind: type[E], name: str | None = None) -> E:
        """Return the next event of a kind (about a model), after those returned before."""
        async with asyncio.timeout(LIMIT_S):
            while True:
                event = await self.queue.get()
                if isinstance(event, kind) and name in (None, getattr(event, "name", None)):
                    return event

    async def idle(self) -> None:
        async with asyncio.timeout(LIMIT_S):
            await self.watcher.idle()

    def texts(self) -> dict[str, str | None]:
        """Return the text of what is served, by name; None for what is not served."""
        texts: dict[str, str | None] = {}
        for entry in self.library.entries():
            texts[entry.name] = None
            if entry.current is not None:
                texts[entry.name] = json.loads(entry.current.artifacts.model_json)[0]
        return texts

    def digest(self, name: str) -> str:
        entry = self.library.entry(name)
        assert entry is not None
        assert entry.current is not None
        return entry.current.digest


@dataclass
class Place:
    """A models folder; each `run` is one life of the server."""

    models: Path

    @asynccontextmanager
    async def run(
        self,
        *,
        served: Path | None = None,
        poll: bool | None = None,
        force: bool = False,
        follow_links: bool = False,
        options: Options | None = None,
        job: str = "tests.watching.jobs:stage",
    ) -> AsyncIterator[Running]:
        queue: asyncio.Queue[Event] = asyncio.Queue()
        told: list[Event] = []

        def tell(event: Event) -> None:
            told.append(event)
            queue.put_nowait(event)

        library = Library(served or self.models / ".tfjs-serve")
        library.subscribe(tell)
        library.load()
        workers = Workers(1, job=job)
        watcher = Watcher(
            self.models,
            library,
            workers,
            options_for=lambda name: options or Options(),
            report=tell,
            poll=poll,
            force=force,
            follow_links=follow_links,
        )
        try:
            count = await watcher.start()
            yield Running(self.models, library, workers, watcher, count, queue, told)
        finally:
            await watcher.close()
            await workers.close()

    def save(self, source: str, text: str) -> Path:
        save(self.models / source, text)
        return self.models / source


def finish(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(work)
