"""What the table of requests and answers is made of; every header is written out here.

Nothing is taken from the tables of the server: two must agree.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.serving.harness import LOCAL, shard_name
from tfjs_serve.companion import read_module
from tfjs_serve.serving import AccessPolicy

OLD_JSON, NEW_JSON = b'{"modelTopology":"old"}', b'{"modelTopology":"new"}'
OLD, NEW = (hashlib.sha256(data).hexdigest()[:16] for data in (OLD_JSON, NEW_JSON))
WEIGHTS = b"weights!" * 8
SHARD = shard_name(WEIGHTS)
GONE = "0" * 16

BARE = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-site"}
CORS = BARE | {
    "access-control-allow-origin": "*",
    "access-control-expose-headers": (
        "ETag, Content-Encoding, Content-Range, Accept-Ranges, Repr-Digest, Server-Timing, "
        "Retry-After"
    ),
    "timing-allow-origin": "*",
}
OPEN_CORS = CORS | {"cross-origin-resource-policy": "cross-origin"}
PREFLIGHT = CORS | {
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": (
        "Authorization, Range, If-None-Match, If-Modified-Since, If-Range, Cache-Control, "
        "Content-Type"
    ),
    "access-control-max-age": "7200",
}
ALIAS = CORS | {"cache-control": "no-cache", "content-type": "application/json"}
PINNED = CORS | {
    "cache-control": "public, max-age=31536000, immutable",
    "content-type": "application/json",
}
SHARDS = PINNED | {"content-type": "application/octet-stream"}
MODULE_JS = read_module()
MODULE = CORS | {"cache-control": "no-cache", "content-type": "text/javascript; charset=utf-8"}
MODULE_DIGEST = hashlib.sha256(MODULE_JS).hexdigest()[:16]
MODULE_200 = MODULE | {"etag": f'"{MODULE_DIGEST}"', "content-length": str(len(MODULE_JS))}
NO_BODY = {"cache-control": "no-store", "content-length": "0"}
PROBLEM = {"cache-control": "no-store", "content-type": "application/problem+json"}
ALLOW = {"allow": "GET, HEAD, OPTIONS"}

LIVE = "/vision/digits/model.json"
API = "/_tfjs-serve/api/models"
LAYERS = "/_tfjs-serve/layers.js"
EVIL = {"Origin": "https://evil.test"}
NULL = {"Origin": "null"}
NEIGHBOUR = {"Origin": "http://localhost:5173"}
MAY_GET = NEIGHBOUR | {"Access-Control-Request-Method": "GET"}
NO_CORS = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}


@dataclass(frozen=True, slots=True)
class Case:
    """A request, and the answer to it; `says` is in the problem's detail.

    body: the whole body, when it is no problem. Content-Length is checked for all.
    """

    id: str
    target: str
    status: int
    headers: dict[str, str]
    asked: Mapping[str, str] = field(default_factory=dict)
    method: str = "GET"
    host: str | None = "localhost"
    access: AccessPolicy = LOCAL
    says: str | None = None
    body: bytes | None = None


def tagged(headers: dict[str, str], etag: str, length: int) -> dict[str, str]:
    return headers | {"etag": f'"{etag}"', "content-length": str(length)}


def unmodified(headers: dict[str, str], etag: str) -> dict[str, str]:
    kept = {name: value for name, value in headers.items() if name != "content-type"}
    return kept | {"etag": f'"{etag}"'}


ALIAS_200 = tagged(ALIAS, NEW, len(NEW_JSON))
PINNED_200 = tagged(PINNED, OLD, len(OLD_JSON))
OPEN_200 = ALIAS_200 | OPEN_CORS
SHARD_200 = tagged(SHARDS, SHARD[:32], len(WEIGHTS))
KNOWN = {"If-None-Match": f'W/"other", "{NEW}"'}
