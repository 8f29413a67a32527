"""Answers: values with an entity tag, and problems that tfjs cannot mistake for weights."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from http import HTTPStatus
from typing import Any

from aiohttp import hdrs, web

from tfjs_serve.serving.conditional import Outcome, evaluate, strong
from tfjs_serve.serving.headers import METHODS, NOT_STORED, PROBLEM, Kind
from tfjs_serve.serving.targets import Target


def validated(request: web.Request, target: Target, opaque: str) -> web.Response:
    """Return an answer without its body: 200, 304 or 412 by the request's preconditions.

    opaque: the digest that the strong entity tag quotes.
    """
    etag = strong(opaque)
    outcome = evaluate(
        request.headers.getall(hdrs.IF_MATCH, ()),
        request.headers.getall(hdrs.IF_NONE_MATCH, ()),
        etag,
    )
    if outcome is Outcome.FAILED:
        return problem(target, HTTPStatus.PRECONDITION_FAILED, "it is another version by now")
    kept: dict[str, str] = {hdrs.CACHE_CONTROL: target.headers.cache_control, hdrs.ETAG: etag}
    if outcome is Outcome.NOT_MODIFIED:
        return web.Response(status=outcome.value, headers=kept)
    return web.Response(headers={**kept, **described(target)})


def represented(
    request: web.Request, target: Target, body: bytes, opaque: str | None = None
) -> web.Response:
    """Return a body under its entity tag, by default the first 16 hex of its SHA-256."""
    response = validated(request, target, opaque or digest_of(body))
    if response.status == HTTPStatus.OK:
        response.body = body
    return response


def digest_of(body: bytes) -> str:
    """Return the first 16 hex digits of the SHA-256 of a body, as names of versions have them."""
    return sha256(body).hexdigest()[:16]


def described(target: Target) -> dict[str, str]:
    """Return the headers that describe a body of a kind."""
    return {hdrs.CONTENT_TYPE: target.headers.content_type, **target.headers.extra}


def problem(
    target: Target,
    status: HTTPStatus,
    detail: str,
    *,
    members: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> web.Response:
    """Return an error as RFC 9457 has it; without a body for a shard.

    tfjs 4.22 ignores the status of shards: a body of the right length would load as weights,
    an empty one fails at once (browser.md T1).
    """
    kept: dict[str, str] = {hdrs.CACHE_CONTROL: NOT_STORED, **(headers or {})}
    if status is HTTPStatus.METHOD_NOT_ALLOWED:
        kept[hdrs.ALLOW] = METHODS
    if target.kind is Kind.SHARD:
        kept[hdrs.CONTENT_LENGTH] = "0"  # aiohttp leaves it out for HEAD
        return web.Response(status=status, headers=kept)
    told = {"title": status.phrase, "status": status.value, "detail": detail, **(members or {})}
    kept[hdrs.CONTENT_TYPE] = PROBLEM
    return web.Response(status=status, headers=kept, body=encoded(told))


def encoded(value: Mapping[str, Any] | Sequence[Any]) -> bytes:
    """Return JSON as ASCII bytes: no name of a file can break or disguise it."""
    return json.dumps(value, separators=(",", ":")).encode()
