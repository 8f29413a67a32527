"""Requests as bytes on a socket, and whole answers: status, every header, body."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from tests.serving.cases import (
    CORS,
    LIVE,
    NEIGHBOUR,
    NEW_JSON,
    NO_BODY,
    OLD,
    OLD_JSON,
    SHARD,
    SHARDS,
    WEIGHTS,
    Case,
    tagged,
)
from tests.serving.cases_good import GOOD
from tests.serving.cases_refused import REFUSED
from tests.serving.cases_wrong import WRONG
from tests.serving.harness import (
    Answer,
    Clock,
    library_in,
    publish,
    running,
    shard_name,
)
from tfjs_serve.errors import ConversionError, Reason
from tfjs_serve.events import Blocked
from tfjs_serve.library import Library
from tfjs_serve.names import live_path

CASES = [*REFUSED, *WRONG, *GOOD]


@pytest.fixture
def library(tmp_path: Path) -> Library:
    """Return a library with two versions, and models that failed, are mended, are busy."""
    library = library_in(tmp_path, Clock())
    publish(library, "vision/digits", model_json=OLD_JSON, weights=b"old")
    for name in ("vision/digits", "mended", "busy"):
        publish(library, name, model_json=NEW_JSON, weights=WEIGHTS)
    refusal = ConversionError(
        "broken.h5: has a Lambda layer", [Reason("holds Python code", "l", "Lambda", "rewrite it")]
    )
    library.begin("broken", "broken.h5")
    library.fail("broken", "broken.h5", refusal)
    library.fail("mended", "mended.h5", refusal)
    library.begin("busy", "busy.h5")
    return library


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_answer(library: Library, case: Case) -> None:
    answer = asyncio.run(_ask(library, case))
    assert answer.status == case.status
    expected = dict(case.headers)
    if case.says is not None:
        expected["content-length"] = str(len(answer.body))
        told = json.loads(answer.body)
        assert told["status"] == case.status
        assert case.says in told["detail"]
        assert str(library.folder) not in answer.body.decode()
    if case.body is not None:
        assert answer.body == case.body
    assert answer.headers == expected


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.method == "GET"],
    ids=[case.id for case in CASES if case.method == "GET"],
)
def test_head_is_get_without_a_body(library: Library, case: Case) -> None:
    get = asyncio.run(_ask(library, case))
    head = asyncio.run(_ask(library, case, "HEAD"))
    assert head == Answer(get.status, get.headers, b"")


async def _ask(library: Library, case: Case, method: str | None = None) -> Answer:
    async with running(library, case.access) as server:
        return await server.ask(method or case.method, case.target, case.asked, host=case.host)


def test_every_reason_of_a_refusal_is_told(library: Library) -> None:
    async def scenario() -> Answer:
        async with running(library) as server:
            return await server.ask("GET", "/broken/model.json")

    assert json.loads(asyncio.run(scenario()).body) == {
        "title": "Service Unavailable",
        "status": 503,
        "detail": "broken.h5: has a Lambda layer",
        "model": "broken",
        "reasons": [
            {
                "layer": "l",
                "class": "Lambda",
                "why": "holds Python code",
                "remedy": "rewrite it",
            }
        ],
    }


def test_each_origin_is_told_once(library: Library) -> None:
    async def scenario() -> list[str]:
        async with running(library) as server:
            for origin in ("https://a.test", "https://b.test", "https://a.test"):
                await server.ask("GET", LIVE, {"Origin": origin})
            await server.ask("GET", LIVE, NEIGHBOUR)
            await server.ask("GET", LIVE, host="evil.test")
            assert all(isinstance(event, Blocked) for event in server.events)
            return [event.origin for event in server.events if isinstance(event, Blocked)]

    assert asyncio.run(scenario()) == ["https://a.test", "https://b.test"]


def test_both_loopbacks_answer(library: Library) -> None:
    async def scenario() -> tuple[bytes, bytes]:
        request = f"GET {LIVE} HTTP/1.1\r\nHost: [::1]\r\nConnection: close\r\n\r\n".encode()
        async with running(library) as server:
            return await server.exchange(request), await server.exchange(request, "::1")

    four, six = asyncio.run(scenario())
    assert four.endswith(NEW_JSON)
    assert six.endswith(NEW_JSON)


def test_one_connection_answers_one_request_after_the_other(library: Library) -> None:
    async def scenario() -> bytes:
        asked = f"GET {LIVE} HTTP/1.1\r\nHost: localhost\r\n\r\n"
        last = f"HEAD {LIVE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        async with running(library) as server:
            return await server.exchange((asked * 2 + last).encode())

    assert asyncio.run(scenario()).count(b"HTTP/1.1 200 OK\r\n") == 3


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    ],
    ids=["no request", "no Host", "two Hosts"],
)
def test_malformed_requests(
    library: Library, request_bytes: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    async def scenario() -> bytes:
        async with running(library) as server:
            return await server.exchange(request_bytes)

    head, _, _ = asyncio.run(scenario()).partition(b"\r\n\r\n")
    assert b" 400 Bad Request\r\n" in head
    assert b"text/html" not in head
    assert capfd.readouterr() == ("", "")


def test_a_name_may_hold_any_character(library: Library) -> None:
    name = "a\nb\r\x1b\u2028\\?#%2f"
    publish(library, name, model_json=NEW_JSON)

    async def scenario() -> Answer:
        async with running(library) as server:
            return await server.ask("GET", live_path(name))

    answer = asyncio.run(scenario())
    assert (answer.status, answer.body) == (200, NEW_JSON)


def test_a_failure_is_told_and_answered(library: Library) -> None:
    """A shard that is a folder: the disk does what nobody thought of."""
    path = library.folder / "_w" / SHARD
    path.unlink()
    path.mkdir()

    async def scenario() -> None:
        async with running(library) as server:
            answer = await server.ask("GET", f"/_w/{SHARD}")
            assert answer == Answer(500, CORS | NO_BODY, b"")
            assert ["IsADirectoryError" in str(event) for event in server.events] == [True]

    asyncio.run(scenario())


def test_a_shard_that_vanished_is_not_found(library: Library) -> None:
    (library.folder / "_w" / SHARD).unlink()

    async def scenario() -> Answer:
        async with running(library) as server:
            return await server.ask("GET", f"/_w/{SHARD}")

    assert asyncio.run(scenario()) == Answer(404, CORS | NO_BODY, b"")


def test_a_shard_of_an_earlier_run_is_looked_into_once(library: Library, tmp_path: Path) -> None:
    again = library_in(tmp_path)
    again.load()
    for name, entry in again.unclaimed.items():
        again.reuse(name, entry.source)
    path = library.folder / "_w" / SHARD
    right = path.read_bytes()

    async def ask(content: bytes) -> Answer:
        path.write_bytes(content)
        async with running(again) as server:
            return await server.ask("GET", f"/_w/{SHARD}")

    assert asyncio.run(ask(b"?" * len(right))) == Answer(404, CORS | NO_BODY, b"")
    assert not path.exists()
    names = ["busy", "mended", "vision/digits"]
    assert [entry.name for entry in again.to_mend(again.entries())] == names
    assert asyncio.run(ask(right)).body == right


def test_large_shards_arrive_whole(library: Library) -> None:
    weights = bytes(range(256)) * (9 * 4096 + 1)  # two slices and a bit
    publish(library, "large", weights=weights)

    async def scenario() -> None:
        async with running(library) as server:
            answer = await server.ask("GET", f"/_w/{shard_name(weights)}")
            headers = tagged(SHARDS, shard_name(weights)[:32], len(weights))
            assert answer == Answer(200, headers, weights)
            head = await server.ask("HEAD", f"/_w/{shard_name(weights)}")
            assert head == Answer(200, headers, b"")

    asyncio.run(scenario())


def test_withdrawn_models_keep_their_pinned_versions_for_a_while(tmp_path: Path) -> None:
    clock = Clock()
    library = library_in(tmp_path, clock)
    publish(library, "digits", model_json=OLD_JSON)
    library.withdraw("digits")

    async def scenario() -> list[int]:
        async with running(library) as server:
            pinned = f"/digits@{OLD}/model.json"
            first = [await server.ask("GET", pinned), await server.ask("GET", "/digits/model.json")]
            clock.now += 61
            library.collect()
            return [answer.status for answer in [*first, await server.ask("GET", pinned)]]

    assert asyncio.run(scenario()) == [200, 404, 404]
