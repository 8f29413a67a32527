"""The application: one route for all URLs, told apart by targets, guarded by policy."""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from tfjs_serve.events import Event
from tfjs_serve.library import Library
from tfjs_serve.serving import cors
from tfjs_serve.serving.events import Broadcast
from tfjs_serve.serving.guard import Guard
from tfjs_serve.serving.handlers import Handlers
from tfjs_serve.serving.policy import AccessPolicy

_BODY_BYTES = 1024
"""No URL takes a body."""


def make_app(
    library: Library,
    access: AccessPolicy,
    *,
    folder_id: str,
    on_event: Callable[[Event], None],
    wait_s: float = 30.0,
    ping_s: float = 15.0,
) -> web.Application:
    """Return the application that answers from `library`.

    folder_id: what `/healthz` says, by which a second start on the same folder knows itself.
    on_event: hears of refused origins and of failures, on the loop.
    wait_s: how long a model.json is waited for while its first conversion runs.
    ping_s: how often an idle event stream is shown to be alive.
    """
    guard = Guard(access, on_event)
    broadcast = Broadcast(library, ping_s=ping_s)
    handlers = Handlers(library, broadcast, folder_id, wait_s)

    @web.middleware
    async def admit(request: web.Request, handler: Handler) -> web.StreamResponse:
        return await guard.admit(request, handler)

    async def answer(request: web.Request) -> web.StreamResponse:
        return await handlers.answer(request, request[cors.ADMITTED])

    async def close(_: web.Application) -> None:
        broadcast.close()

    app = web.Application(middlewares=[admit], client_max_size=_BODY_BYTES)
    resource = app.router.add_resource(r"/{path:[\s\S]*}")  # a name may hold line breaks
    resource.add_route(hdrs.METH_GET, answer)
    resource.add_route(hdrs.METH_HEAD, answer)
    cors.enable(app, resource, access)
    app.on_shutdown.append(close)
    return app
