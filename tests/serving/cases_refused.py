"""Requests of pages and names that nobody let in."""

from __future__ import annotations

from tests.serving.cases import (
    API,
    BARE,
    EVIL,
    KNOWN,
    LIVE,
    NO_BODY,
    NO_CORS,
    NULL,
    PROBLEM,
    SHARD,
    Case,
)
from tests.serving.harness import OPEN

REFUSED = [
    Case("a foreign page", LIVE, 403, BARE | PROBLEM, EVIL, says="--cors https://evil.test"),
    Case("a foreign page, shard", f"/_w/{SHARD}", 403, BARE | NO_BODY, EVIL, body=b""),
    Case("a foreign page, API", API, 403, BARE | PROBLEM, EVIL, says="--cors"),
    Case("a foreign page, events", "/_tfjs-serve/events", 403, BARE | PROBLEM, EVIL, says="may"),
    Case("a foreign page, page", "/", 403, BARE | PROBLEM, EVIL, says="--cors"),
    Case("a foreign page, health", "/healthz", 403, BARE | PROBLEM, EVIL, says="--cors"),
    Case("a foreign page, 304", LIVE, 403, BARE | PROBLEM, EVIL | KNOWN, says="--cors"),
    Case("a foreign page, no name", "/nix/model.json", 403, BARE | PROBLEM, EVIL, says="--cors"),
    Case("a foreign page, POST", LIVE, 403, BARE | PROBLEM, EVIL, "POST", says="--cors"),
    Case(
        "a foreign page, preflight",
        LIVE,
        403,
        BARE | PROBLEM,
        EVIL | {"Access-Control-Request-Method": "GET"},
        "OPTIONS",
        says="--cors",
    ),
    Case("a file or sandbox", LIVE, 403, BARE | PROBLEM, NULL, says="--cors '*'"),
    Case(
        "two origins",
        LIVE,
        403,
        BARE | PROBLEM,
        {"Origin": "http://localhost", "ORIGIN": "https://evil.test"},
        says="may not read",
    ),
    Case("no-cors from elsewhere", LIVE, 403, BARE | PROBLEM, NO_CORS, says="crossorigin"),
    Case("no-cors shard from elsewhere", f"/_w/{SHARD}", 403, BARE | NO_BODY, NO_CORS, body=b""),
    Case(
        "open, API to a foreign page",
        API,
        403,
        BARE | PROBLEM,
        EVIL,
        access=OPEN,
        says="stay local",
    ),
    Case(
        "open, page to a foreign page",
        "/",
        403,
        BARE | PROBLEM,
        NULL,
        access=OPEN,
        says="localhost",
    ),
    Case(
        "a rebound name", LIVE, 403, BARE | PROBLEM, host="evil.test", says="--allow-host evil.test"
    ),
    Case(
        "a rebound name, open",
        LIVE,
        403,
        BARE | PROBLEM,
        host="evil.test:8000",
        access=OPEN,
        says="--allow-host evil.test",
    ),
    Case("a rebound name, page", "/", 403, BARE | PROBLEM, host="evil.test", says="--allow-host"),
    Case("a rebound name, health", "/healthz", 403, BARE | PROBLEM, host="e.test", says="--allow"),
    Case("a rebound name, absolute", f"http://e.test{LIVE}", 403, BARE | PROBLEM, says="--allow"),
]
