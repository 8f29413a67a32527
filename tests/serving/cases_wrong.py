"""Requests for what is not there, or that ask for it the wrong way."""

from __future__ import annotations

from tests.serving.cases import (
    ALLOW,
    API,
    BARE,
    CORS,
    EVIL,
    GONE,
    LIVE,
    MAY_GET,
    NEIGHBOUR,
    NO_BODY,
    OPEN_CORS,
    PROBLEM,
    SHARD,
    Case,
)
from tests.serving.harness import OPEN

WRONG = [
    Case("no such model", "/digits/model.json", 404, CORS | PROBLEM, says="'vision/digits'"),
    Case("no such model at all", "/q/model.json", 404, CORS | PROBLEM, says="/_tfjs-serve/"),
    Case("no file of a model", "/vision/digits/x.json", 404, CORS | PROBLEM, says="no model"),
    Case("favicon", "/favicon.ico", 404, CORS | PROBLEM, says="no model 'favicon.ico'"),
    Case(
        "no such model, open", "/q/model.json", 404, OPEN_CORS | PROBLEM, EVIL, access=OPEN, says=""
    ),
    Case("no such shard", f"/_w/{'0' * 32}.bin", 404, CORS | NO_BODY, body=b""),
    Case("no shard's name", "/_w/x", 404, CORS | NO_BODY, body=b""),
    Case(
        "shards by official name",
        "/vision/digits/group1-shard1of1.bin",
        404,
        CORS | NO_BODY,
        body=b"",
    ),
    Case(
        "no such part", "/_tfjs-serve/nix", 404, CORS | PROBLEM, says="nothing at /_tfjs-serve/nix"
    ),
    Case("folder without slash", "/_tfjs-serve", 404, CORS | PROBLEM, says="/_tfjs-serve/"),
    Case("no such model in the API", f"{API}/digits", 404, CORS | PROBLEM, says="'vision/digits'"),
    Case("no longer kept", f"/vision/digits@{GONE}/model.json", 410, CORS | PROBLEM, says=LIVE),
    Case(
        "no such model, pinned", f"/q@{GONE}/model.json", 404, CORS | PROBLEM, says="no model 'q'"
    ),
    Case(
        "refused model", "/broken/model.json", 503, CORS | PROBLEM, says="broken.h5: has a Lambda"
    ),
    Case("encoded slash", "/vision%2Fdigits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("encoded slash, API", f"{API}/vision%2Fdigits", 404, CORS | PROBLEM, says="nothing at"),
    Case("double slash", "/vision//digits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("double slash first", "//vision/digits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("backslash", "/vision\\digits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("encoded backslash", "/vision%5Cdigits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("NUL", "/vision/digits%00/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("not UTF-8", "/%FF/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("dots", "/vision/../vision/digits/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("encoded dots", "/%2e%2e/%2e%2e/etc/passwd", 404, CORS | PROBLEM, says="no model"),
    Case("dots to a record", "/_w/../.state/x", 404, CORS | NO_BODY, body=b""),
    Case("the served folder's own files", "/.gitignore", 404, CORS | PROBLEM, says="no model"),
    Case("trailing dot", "/vision/digits./model.json", 404, CORS | PROBLEM, says="no model"),
    Case("drive letter", "/C:/Windows/model.json", 404, CORS | PROBLEM, says="no model"),
    Case("long name", f"/{'x' * 4000}/model.json", 404, CORS | PROBLEM, says="…"),
    Case("other case", "/Vision/Digits/model.json", 404, CORS | PROBLEM, says="'vision/digits'"),
    Case("POST", LIVE, 405, CORS | PROBLEM | ALLOW, method="POST", says="GET, HEAD, OPTIONS"),
    Case("PUT a shard", f"/_w/{SHARD}", 405, CORS | NO_BODY | ALLOW, method="PUT", body=b""),
    Case("DELETE from the API", API, 405, CORS | PROBLEM | ALLOW, method="DELETE", says="GET"),
    Case("POST to the page", "/", 405, BARE | PROBLEM | ALLOW, method="POST", says="GET"),
    Case("unknown method", LIVE, 405, CORS | PROBLEM | ALLOW, NEIGHBOUR, "PROPFIND", says="GET"),
    Case("If-Match misses", LIVE, 412, CORS | PROBLEM, {"If-Match": '"x"'}, says="version"),
    Case(
        "preflight for an odd header",
        LIVE,
        403,
        CORS | PROBLEM,
        MAY_GET | {"Access-Control-Request-Headers": "x-odd"},
        "OPTIONS",
        says="X-ODD",
    ),
]
