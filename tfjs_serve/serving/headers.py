"""Header values, as immutable tables with the source beside each line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from types import MappingProxyType

from tfjs_serve.serving.style import CONTENT_SECURITY_POLICY

REVALIDATED = "no-cache"
"""Stored, and asked for again before each use: one 304 a load (RFC 9111, 5.2.2.4)."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""Never asked for again (RFC 8246); only for URLs that contain a hash of their content."""

NOT_STORED = "no-store"
"""Errors and streams: a stored 404 would outlive its cause."""

PROBLEM = "application/problem+json"
"""RFC 9457: no browser renders it as a page, no script tag runs it."""

METHODS = "GET, HEAD, OPTIONS"

SAME_SITE = "same-site"
"""Keeps foreign pages from priming the cache by a `no-cors` fetch (browser.md 3, Firefox)."""

CROSS_ORIGIN = "cross-origin"


class Scope(Enum):
    """Who a URL is for: `--cors '*'` opens the models, never the server's own parts."""

    MODELS = "models"
    INTERNAL = "internal"


class Kind(Enum):
    """What a URL stands for."""

    ALIAS = "newest version"
    PINNED = "pinned version"
    SHARD = "shard"
    UNKNOWN = "no model"
    API_MODELS = "model list"
    API_MODEL = "one model"
    EVENTS = "events"
    MODULE = "companion module"
    PINNED_MODULE = "pinned companion module"
    UNKNOWN_INTERNAL = "no part of the server"
    HEALTH = "health"
    PAGE = "page"


@dataclass(frozen=True, slots=True)
class KindHeaders:
    """What every good answer of a kind carries.

    has_cors: pages of other origins may read it, its errors included.
    """

    cache_control: str
    content_type: str
    scope: Scope
    has_cors: bool = True
    extra: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))


_JSON = "application/json"
_JAVASCRIPT = "text/javascript; charset=utf-8"  # RFC 9239; no module script runs as anything else
_EVENT_EXTRA = MappingProxyType({"X-Accel-Buffering": "no"})  # nginx would hold events back
_PAGE_EXTRA = MappingProxyType(  # http_and_publishing.md C.1
    {"Content-Security-Policy": CONTENT_SECURITY_POLICY, "Referrer-Policy": "no-referrer"}
)

# contract.md, URLs and Headers; http_and_publishing.md C.1.
KINDS: Mapping[Kind, KindHeaders] = MappingProxyType(
    {
        Kind.ALIAS: KindHeaders(REVALIDATED, _JSON, Scope.MODELS),
        Kind.PINNED: KindHeaders(IMMUTABLE, _JSON, Scope.MODELS),
        Kind.SHARD: KindHeaders(IMMUTABLE, "application/octet-stream", Scope.MODELS),
        Kind.UNKNOWN: KindHeaders(NOT_STORED, PROBLEM, Scope.MODELS),
        Kind.API_MODELS: KindHeaders(REVALIDATED, _JSON, Scope.INTERNAL),
        Kind.API_MODEL: KindHeaders(REVALIDATED, _JSON, Scope.INTERNAL),
        Kind.EVENTS: KindHeaders(
            NOT_STORED, "text/event-stream", Scope.INTERNAL, extra=_EVENT_EXTRA
        ),
        # It belongs to the models: who may load one may load what it needs (contract.md, Headers).
        Kind.MODULE: KindHeaders(REVALIDATED, _JAVASCRIPT, Scope.MODELS),
        Kind.PINNED_MODULE: KindHeaders(IMMUTABLE, _JAVASCRIPT, Scope.MODELS),
        Kind.UNKNOWN_INTERNAL: KindHeaders(NOT_STORED, PROBLEM, Scope.INTERNAL),
        Kind.HEALTH: KindHeaders(NOT_STORED, _JSON, Scope.INTERNAL, has_cors=False),
        Kind.PAGE: KindHeaders(
            REVALIDATED,
            "text/html; charset=utf-8",
            Scope.INTERNAL,
            has_cors=False,
            extra=_PAGE_EXTRA,
        ),
    }
)

# Fetch, CORS protocol: what a script may read beyond the safelisted headers.
EXPOSED_HEADERS = (
    "ETag",  # which version was loaded
    "Content-Encoding",
    "Content-Range",
    "Accept-Ranges",
    "Repr-Digest",
    "Server-Timing",
    "Retry-After",  # of the 503 while a first conversion runs
)

# Fetch, CORS-preflight: what a page may send. `*` would not cover Authorization.
ALLOWED_HEADERS = (
    "Authorization",
    "Range",
    "If-None-Match",
    "If-Modified-Since",
    "If-Range",
    "Cache-Control",
    "Content-Type",
)

PREFLIGHT_MAX_AGE_S = 7200
"""Chromium's cap; the default is 5 s (Fetch, CORS-preflight cache)."""

# On every answer of a kind that has CORS: constant, with or without Origin, so that an entry
# which one page put into the browser's cache serves every other (browser.md T3, T4).
CORS_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": ", ".join(EXPOSED_HEADERS),
        "Timing-Allow-Origin": "*",  # else transferSize reads 0 (http_and_publishing.md C.2)
    }
)

# On the answer to a preflight, besides.
PREFLIGHT_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Access-Control-Allow-Methods": METHODS,
        "Access-Control-Allow-Headers": ", ".join(ALLOWED_HEADERS),
        "Access-Control-Max-Age": str(PREFLIGHT_MAX_AGE_S),
    }
)
