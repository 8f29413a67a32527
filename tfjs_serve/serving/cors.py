"""CORS as decisions.md 8 has it: aiohttp-cors answers, and what it answers is made constant.

aiohttp-cors 0.8.1 echoes the origin without `Vary` and sends nothing when no `Origin` came; both
leave entries in the browser's cache that fail for the next page (browser.md T3, T4).
"""

from __future__ import annotations

import re
from http import HTTPStatus

import aiohttp_cors
from aiohttp import hdrs, web
from aiohttp_cors import ResourceOptions

from tfjs_serve.serving.headers import (
    ALLOWED_HEADERS,
    CORS_HEADERS,
    EXPOSED_HEADERS,
    METHODS,
    NOT_STORED,
    PREFLIGHT_HEADERS,
    PREFLIGHT_MAX_AGE_S,
)
from tfjs_serve.serving.policy import AccessPolicy, Facts
from tfjs_serve.serving.targets import Target

ADMITTED = web.RequestKey("admitted", Target)
"""What a request that was not refused asks for."""

_PREFIX = "access-control-"
_ABSOLUTE = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)")


def enable(app: web.Application, resource: web.Resource, access: AccessPolicy) -> None:
    """Let aiohttp-cors answer preflights for `resource`, and finish every answer after it."""
    options = ResourceOptions(  # type: ignore[no-untyped-call]
        allow_credentials=False,
        expose_headers=EXPOSED_HEADERS,
        allow_headers=ALLOWED_HEADERS,
        allow_methods=METHODS.split(", "),
        max_age=PREFLIGHT_MAX_AGE_S,
    )
    aiohttp_cors.setup(app, defaults={"*": options}).add(resource)

    async def finish(request: web.Request, response: web.StreamResponse) -> None:
        _finish(access, request, response)

    app.on_response_prepare.append(finish)  # after the hook of aiohttp-cors


def facts_of(request: web.Request) -> Facts:
    """Return what a request says of who sends it."""
    socket_name = request.get_extra_info("sockname")
    return Facts(
        host=host_of(request),
        origin=_joined(request, hdrs.ORIGIN),
        referer=request.headers.get(hdrs.REFERER),
        fetch_site=request.headers.get("Sec-Fetch-Site"),
        fetch_mode=request.headers.get("Sec-Fetch-Mode"),
        local_address=socket_name[0] if isinstance(socket_name, tuple) else None,
    )


def host_of(request: web.Request) -> str | None:
    """Return what the client calls this server: an absolute target outdoes `Host`.

    RFC 9112, 3.2.2. Not `request.host`, which asks the network for a name when there is none.
    """
    absolute = _ABSOLUTE.match(request.raw_path)
    return absolute[1] if absolute else _joined(request, hdrs.HOST)


def is_preflight(request: web.Request) -> bool:
    """Tell whether a browser asks for leave to send another request (Fetch, CORS-preflight)."""
    return (
        request.method == hdrs.METH_OPTIONS
        and hdrs.ORIGIN in request.headers
        and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers
    )


def _finish(access: AccessPolicy, request: web.Request, response: web.StreamResponse) -> None:
    headers = response.headers
    granted = hdrs.ACCESS_CONTROL_ALLOW_METHODS in headers
    for name in [name for name in headers if name.lower().startswith(_PREFIX)]:
        headers.popall(name, None)
    headers.pop(hdrs.SERVER, None)
    headers["X-Content-Type-Options"] = "nosniff"
    if response.status >= HTTPStatus.BAD_REQUEST:
        headers[hdrs.CACHE_CONTROL] = NOT_STORED
    target = request.get(ADMITTED)
    if target is None:
        headers["Cross-Origin-Resource-Policy"] = "same-site"
        return
    headers["Cross-Origin-Resource-Policy"] = access.resource_policy(target.headers.scope)
    if target.headers.has_cors:
        headers.update(CORS_HEADERS)
        if granted:
            headers.update(PREFLIGHT_HEADERS)


def _joined(request: web.Request, name: str) -> str | None:
    """Return a header; one sent twice becomes a value that no policy knows."""
    values = request.headers.getall(name, ())
    return ", ".join(values) if values else None
