"""The one middleware: refuses before anything is looked up, and turns failures into answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler

from tfjs_serve.events import Event, Warned
from tfjs_serve.serving.answers import problem
from tfjs_serve.serving.cors import ADMITTED, facts_of, is_preflight
from tfjs_serve.serving.headers import METHODS
from tfjs_serve.serving.policy import AccessPolicy, Refusal
from tfjs_serve.serving.targets import Target, parse_target
from tfjs_serve.visible import excerpt

_log = logging.getLogger(__name__)

_METHODS = frozenset(METHODS.split(", "))
_MOST_TOLD = 1000
"""Origins that are told of: one that makes up names must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Guard:
    """Stands before every handler; `on_event` hears of each refused origin once."""

    access: AccessPolicy
    on_event: Callable[[Event], None]
    _told: set[str] = field(default_factory=set)

    async def admit(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Answer a request that the policy allows, by `handler` or by a problem."""
        target = parse_target(_raw_path(request))
        refusal = self.access.judge(facts_of(request), target.headers.scope)
        if refusal is not None:
            return self._refuse(target, refusal)
        request[ADMITTED] = target
        if request.method not in _METHODS:
            detail = f"only {METHODS} are understood here"
            return problem(target, HTTPStatus.METHOD_NOT_ALLOWED, detail)
        if request.method == hdrs.METH_OPTIONS and not is_preflight(request):
            return web.Response(status=HTTPStatus.NO_CONTENT, headers={hdrs.ALLOW: METHODS})
        try:
            response = await handler(request)
        except web.HTTPException as error:
            return problem(target, HTTPStatus(error.status), error.text or error.reason)
        except ConnectionError:
            raise  # The client has gone: nobody is left to answer.
        except Exception as error:
            if request.writer.output_size > 0:
                raise  # Half an answer is out: only a broken connection can tell of it.
            return self._fail(request, target, error)
        if request.method == hdrs.METH_OPTIONS:
            response.set_status(HTTPStatus.NO_CONTENT)
        return response

    def _refuse(self, target: Target, refusal: Refusal) -> web.Response:
        blocked = refusal.blocked
        if blocked and blocked.origin not in self._told and len(self._told) < _MOST_TOLD:
            self._told.add(blocked.origin)
            self.on_event(blocked)
        return problem(target, refusal.status, refusal.detail)

    def _fail(self, request: web.Request, target: Target, error: Exception) -> web.Response:
        asked = f"{request.method} {excerpt(request.raw_path)}"
        self.on_event(Warned(f"{asked} could not be answered: {type(error).__name__}: {error}"))
        _log.debug("%s", asked, exc_info=error)
        return problem(
            target,
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "the server failed to answer; its terminal tells why",
        )


def _raw_path(request: web.Request) -> str:
    """Return the path as it was sent, not yet decoded or tidied."""
    sent = request.raw_path
    return sent.partition("?")[0] if sent.startswith("/") else request.rel_url.raw_path
