"""The running server: started on sockets that listen already, stopped in good order."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from aiohttp import web

from tfjs_serve.serving.sockets import BoundSockets

DRAIN_S = 0.8

_log = logging.getLogger(__name__)
_log.addHandler(logging.NullHandler())  # malformed requests are no news, unless asked for

_KEEP_ALIVE_S = 75.0
"""How long an idle connection stays open: nginx's default; browsers give up after longer."""


@dataclass(frozen=True, slots=True)
class Runner:
    """A server that answers until `stop`."""

    _runner: web.AppRunner

    async def stop(self) -> None:
        """Stop accepting, end event streams, give running answers their time, cut the rest."""
        await self._runner.cleanup()


async def serve(app: web.Application, bound: BoundSockets, *, drain_s: float = DRAIN_S) -> Runner:
    """Answer on `bound` from now on; stopping gives running answers `drain_s` seconds."""
    runner = web.AppRunner(
        app,
        handle_signals=False,
        access_log=None,
        logger=_log,
        keepalive_timeout=_KEEP_ALIVE_S,
        # aiohttp waits this long twice, once before and once after it tells a handler; ours do
        # not read bodies, so they notice neither and simply get the sum.
        shutdown_timeout=drain_s / 2,
    )
    await runner.setup()
    for listener in bound.sockets:
        await web.SockSite(runner, listener).start()
    return Runner(runner)
