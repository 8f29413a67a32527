"""Start and stop: sockets, library, watcher and server, in this order and back."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from tfjs_serve import __version__
from tfjs_serve.config import Settings, Verbosity, folder_id
from tfjs_serve.errors import TfjsServeError
from tfjs_serve.events import Event, ModelEvent, Ready, Stopped, Warned
from tfjs_serve.keras_files.readiness import ignore_lease_signals
from tfjs_serve.library import Claim, Library, claim
from tfjs_serve.serving import (
    AccessPolicy,
    BoundSockets,
    PortTakenError,
    Runner,
    bind,
    folder_served_at,
    make_app,
    serve,
)
from tfjs_serve.terminal import Banner, QueuedReporter, Reporter
from tfjs_serve.watching import Watcher, Workers

_SIGNALS = ("SIGINT", "SIGTERM", "SIGBREAK")
_WILDCARDS = ("0.0.0.0", "::")

_LAST_WORDS_S = 0.5
"""How long a stopped server waits for its output to be taken."""


def run(settings: Settings, reporter: Reporter) -> int:
    """Serve until a signal comes; return the exit status.

    Raises UsageError and TfjsServeError with a sentence when the server cannot start.
    """
    ignore_lease_signals()
    if settings.verbosity is Verbosity.VERBOSE:
        logging.basicConfig(level=logging.WARNING)
    else:
        # Tracebacks of libraries; what a person should know comes as an event.
        logging.getLogger().addHandler(logging.NullHandler())
    access = AccessPolicy.from_settings(settings.cors, settings.allow_hosts, settings.host)
    bound = _bind(settings)
    queued = QueuedReporter(reporter)
    try:
        asyncio.run(_Session(settings, queued, access, bound).run())
    finally:
        bound.close()
        is_told = queued.close(_LAST_WORDS_S)
    if not is_told:
        os._exit(0)  # The interpreter would wait for the stream that nobody reads.
    return 0


def _bind(settings: Settings) -> BoundSockets:
    """Return listening sockets; an error when the wanted port serves the same folder already."""
    try:
        bound = bind(settings.host, settings.port, strict=settings.strict_port)
    except PortTakenError:
        _refuse_twin(settings, settings.host or "localhost")
        raise
    if bound.is_moved:
        try:
            _refuse_twin(settings, bound.host)
        except TfjsServeError:
            bound.close()
            raise
    return bound


def _refuse_twin(settings: Settings, host: str) -> None:
    if folder_served_at(host, settings.port) == folder_id(settings.models_dir):
        raise TfjsServeError(
            f"{settings.models_dir}: is served already, at http://{host}:{settings.port}/; "
            "use that one, or stop it first"
        )


class _Session:
    """One run of the server."""

    def __init__(
        self,
        settings: Settings,
        reporter: QueuedReporter,
        access: AccessPolicy,
        bound: BoundSockets,
    ) -> None:
        self._settings = settings
        self._reporter = reporter
        self._access = access
        self._bound = bound
        self._early: list[ModelEvent] | None = []

    async def run(self) -> None:
        """Serve until a signal comes."""
        settings, bound = self._settings, self._bound
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._on_loop_error)
        stop = _stop_event(loop, self._end_at_once)
        models_dir = settings.models_dir.absolute()
        claimed = claim(settings)
        served = _spelled_below(claimed.folder.absolute(), models_dir)
        library = Library(served, keep=settings.keep)
        library.subscribe(self._tell)
        library.load()
        workers = Workers()
        watcher = Watcher(
            models_dir,
            library,
            workers,
            options_for=settings.options_for,
            report=self._tell,
            poll=settings.poll,
            follow_links=settings.follow_links,
            force=settings.force,
        )
        app = make_app(library, self._access, folder_id=folder_id(models_dir), on_event=self._tell)
        server: Runner | None = None
        try:
            models = await watcher.start()
            server = await serve(app, bound, drain_s=settings.drain_s)
            self._announce(models, served, claimed)
            await stop.wait()
        finally:
            ended = _end_publishing(watcher, workers, claimed)
            await asyncio.gather(ended, *([] if server is None else [server.stop()]))
        self._reporter.report(Stopped())

    def _announce(self, models: int, served: Path, claimed: Claim) -> None:
        """Report that the server is ready, then what happened before it was."""
        settings, bound = self._settings, self._bound
        self._reporter.open(
            Banner(
                version=__version__,
                models_dir=str(settings.models_dir),
                served=str(served),
                network=_network_urls(settings.host, bound),
                cors=settings.cors,
            )
        )
        if bound.is_moved:
            self._tell(
                Warned(
                    f"port {bound.wanted_port} is taken by another program, so this is port "
                    f"{bound.port}; pages that name the other port get their models from there"
                )
            )
        if claimed.in_use is not None:
            self._tell(
                Warned(
                    f"{claimed.in_use}: another server publishes into this folder, so this one "
                    f"publishes into {claimed.folder}"
                )
            )
        self._reporter.report(Ready(bound.url, bound.port, models))
        early, self._early = self._early or [], None
        for event in early:
            self._reporter.report(event)
        if settings.open:
            _open_browser(f"{bound.url}/", asyncio.get_running_loop(), self._tell)

    def _tell(self, event: Event) -> None:
        if self._early is not None and isinstance(event, ModelEvent):
            self._early.append(event)
        else:
            self._reporter.report(event)

    def _on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Report what no caller waits for any more; logging has the traceback."""
        error = context.get("exception")
        loop.default_exception_handler(context)
        self._reporter.report(Warned(f"internal error: {error or context['message']}"))

    def _end_at_once(self) -> NoReturn:
        self._reporter.report(Stopped())
        self._reporter.close(_LAST_WORDS_S)
        os._exit(0)


async def _end_publishing(watcher: Watcher, workers: Workers, claimed: Claim) -> None:
    """Publish no more, and let the next server have the folder while running answers end."""
    await watcher.close()
    await workers.close()
    claimed.lock.release()


def _stop_event(
    loop: asyncio.AbstractEventLoop, end_at_once: Callable[[], NoReturn]
) -> asyncio.Event:
    """Return the event that the first signal sets; the second ends the process."""
    stop = asyncio.Event()

    def on_signal() -> None:
        if stop.is_set():
            end_at_once()
        stop.set()

    for name in _SIGNALS:
        if (number := getattr(signal, name, None)) is None:
            continue
        try:
            loop.add_signal_handler(number, on_signal)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(on_signal))
    return stop


def _spelled_below(served: Path, models_dir: Path) -> Path:
    """Return the served folder spelled as the watcher comes by it, when it lies inside."""
    with suppress(ValueError):
        return models_dir / served.resolve().relative_to(models_dir.resolve())
    return served


def _network_urls(host: str | None, bound: BoundSockets) -> tuple[str, ...]:
    """Return the URLs under which other machines may reach the server."""
    if host is None or bound.sockets[0].getsockname()[0] in ("127.0.0.1", "::1"):
        return ()
    if host not in _WILDCARDS:
        return (f"{bound.url}/",)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        # Nothing is sent: connecting only has the system choose the address it would send from.
        probe.connect(("192.0.2.1", 9))
        return (f"http://{probe.getsockname()[0]}:{bound.port}/",)
    return ()


def _open_browser(url: str, loop: asyncio.AbstractEventLoop, tell: Callable[[Event], None]) -> None:
    """Open a page in a thread that holds nothing up: a text browser runs until it is left."""

    def show() -> None:
        if not webbrowser.open(url):
            with suppress(RuntimeError):  # The loop has ended meanwhile.
                loop.call_soon_threadsafe(tell, Warned(f"no browser found; open {url} yourself"))

    threading.Thread(target=show, daemon=True).start()
