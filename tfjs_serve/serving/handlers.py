"""Handlers: a target becomes an answer from the library's memory."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import hdrs, web

from tfjs_serve.companion import URL_PATH, read_module
from tfjs_serve.library import Entry, Library, State
from tfjs_serve.names import live_path
from tfjs_serve.serving.answers import described, digest_of, encoded, problem, represented
from tfjs_serve.serving.api import error_json, models_json, reported_json
from tfjs_serve.serving.cors import host_of
from tfjs_serve.serving.events import Broadcast
from tfjs_serve.serving.headers import Kind
from tfjs_serve.serving.listing import render
from tfjs_serve.serving.shards import answer_shard
from tfjs_serve.serving.targets import INTERNAL, Target
from tfjs_serve.visible import excerpt

_RETRY_AFTER = {"Retry-After": "1"}


@dataclass(frozen=True, slots=True)
class Handlers:
    """Answers every target; `wait_s` is how long a first conversion may take meanwhile."""

    library: Library
    broadcast: Broadcast
    folder_id: str
    wait_s: float

    async def answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        """Answer a GET or HEAD that was let in."""
        match target.kind:
            case Kind.ALIAS:
                return await self._alias(request, target)
            case Kind.PINNED:
                return self._pinned(request, target)
            case Kind.SHARD:
                return await answer_shard(self.library, request, target)
            case Kind.UNKNOWN:
                return self._no_model(target)
            case Kind.API_MODELS:
                return represented(request, target, encoded(models_json(self.library)))
            case Kind.API_MODEL:
                return self._api_model(request, target)
            case Kind.EVENTS:
                return await self.broadcast.stream(request, target)
            case Kind.MODULE | Kind.PINNED_MODULE:
                return _module(request, target)
            case Kind.UNKNOWN_INTERNAL:
                return _nothing_internal(target)
            case Kind.HEALTH:
                return self._health(target)
            case Kind.PAGE:
                return self._page(request, target)

    async def _alias(self, request: web.Request, target: Target) -> web.Response:
        """Answer with the newest good version, after its first conversion if that is running."""
        entry = await self._settled(target.name)
        if entry is None:
            return self._no_model(target)
        if entry.current is not None:
            version = entry.current
            return represented(request, target, version.artifacts.model_json, version.digest)
        if entry.error is not None:
            return problem(
                target,
                HTTPStatus.SERVICE_UNAVAILABLE,
                entry.error.message,
                members={"model": entry.name, "reasons": error_json(entry.error)["reasons"]},
            )
        return problem(
            target,
            HTTPStatus.SERVICE_UNAVAILABLE,
            f"model '{excerpt(entry.name)}' is still being converted; ask again",
            members={"model": entry.name},
            headers=_RETRY_AFTER,
        )

    def _pinned(self, request: web.Request, target: Target) -> web.Response:
        version = self.library.pinned(target.name, target.digest)
        if version is not None:
            return represented(request, target, version.artifacts.model_json, version.digest)
        if self.library.entry(target.name) is None:
            return self._no_model(target)
        return problem(
            target,
            HTTPStatus.GONE,
            f"version {target.digest} of model '{excerpt(target.name)}' is no longer kept; "
            f"the newest is at {live_path(target.name)}",
            members={"model": target.name},
        )

    def _api_model(self, request: web.Request, target: Target) -> web.Response:
        entry = self.library.entry(target.name)
        if entry is None:
            return self._no_model(target)
        return represented(request, target, encoded(reported_json(entry)))

    def _health(self, target: Target) -> web.Response:
        return web.Response(
            headers={hdrs.CACHE_CONTROL: target.headers.cache_control, **described(target)},
            body=encoded({"status": "ok", "folder": self.folder_id}),
        )

    def _page(self, request: web.Request, target: Target) -> web.Response:
        base = f"{request.scheme}://{host_of(request) or 'localhost'}"
        body = render(models_json(self.library)["models"], base)
        return represented(request, target, body)

    async def _settled(self, name: str) -> Entry | None:
        """Return a model once there is anything to say of it, or when time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self.wait_s):
                while _is_pending(self.library.entry(name)) and not self.broadcast.is_closed:
                    await self.broadcast.change()
        return self.library.entry(name)

    def _no_model(self, target: Target) -> web.Response:
        nearest = self.library.nearest(target.name)
        if nearest is None:
            help_text = f"the models are listed at /{INTERNAL}/"
        else:
            help_text = f"the nearest name is '{excerpt(nearest)}', at {live_path(nearest)}"
        return problem(
            target,
            HTTPStatus.NOT_FOUND,
            f"there is no model '{excerpt(target.name)}' here; {help_text}",
            members={"nearest": nearest},
        )


def _module(request: web.Request, target: Target) -> web.Response:
    """Answer with the companion module; another version of it is none of ours."""
    body = read_module()
    if target.kind is Kind.PINNED_MODULE and target.digest != digest_of(body):
        detail = f"this server has another companion module, at {URL_PATH}"
        return problem(target, HTTPStatus.NOT_FOUND, detail)
    return represented(request, target, body)


def _nothing_internal(target: Target) -> web.Response:
    detail = f"there is nothing at /{excerpt(target.name)}; the models are listed at /{INTERNAL}/"
    return problem(target, HTTPStatus.NOT_FOUND, detail)


def _is_pending(entry: Entry | None) -> bool:
    return entry is not None and entry.current is None and entry.state is State.CONVERTING
