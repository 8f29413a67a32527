from __future__ import annotations

import pytest

from tfjs_serve.errors import UsageError
from tfjs_serve.events import Blocked
from tfjs_serve.serving.headers import Scope
from tfjs_serve.serving.policy import AccessPolicy, Facts, Refusal

LOCAL = AccessPolicy.from_settings()
OPEN = AccessPolicy.from_settings(("*",))
LISTED = AccessPolicy.from_settings(("https://app.example", "http://odd.example:8080"))
BOTH = AccessPolicy.from_settings(("*", "https://app.example"))
NAMED = AccessPolicy.from_settings(allow_hosts=("Models.Example",), host="box.lan")
ADDRESS = AccessPolicy.from_settings(host="192.168.1.5")

LOOPBACK_ORIGINS = [
    "http://localhost",
    "https://localhost",
    "http://localhost:5173",
    "HTTP://LOCALHOST:5173",
    "http://app.localhost:1",
    "http://127.0.0.1:5173",
    "http://127.9.9.9",
    "http://[::1]:5173",
    "http://[0:0:0:0:0:0:0:1]",
    "http://[::ffff:127.0.0.1]",
]
FOREIGN_ORIGINS = [
    "null",
    "",
    "*",
    "https://evil.test",
    "http://localhost.evil.test",
    "http://evil-localhost",
    "http://evillocalhost",
    "http://localhost:5173.evil.test",
    "http://localhost@evil.test",
    "http://127.0.0.1.evil.test",
    "http://127.1",
    "http://2130706433",
    "http://128.0.0.1",
    "http://192.168.1.5",
    "http://[::2]",
    "http://[::1",
    "http://::1",
    "http://localhost:x",
    "http://localhost/",
    "http://localhost, http://evil.test",
    "//localhost",
    "localhost",
    "file://localhost",
    "chrome-extension://localhost",
    "http://app.example",
    "https://app.example:444",
]


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
@pytest.mark.parametrize("scope", Scope)
def test_foreign_origins(origin: str, scope: Scope) -> None:
    for policy in (LOCAL, LISTED):
        refusal = policy.judge(Facts("localhost", origin), scope)
        assert refusal is not None
        assert refusal.status == 403


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_open_models_do_not_open_the_api(origin: str) -> None:
    assert OPEN.judge(Facts("localhost", origin), Scope.MODELS) is None
    assert OPEN.judge(Facts("localhost", origin), Scope.INTERNAL) is not None


@pytest.mark.parametrize("origin", LOOPBACK_ORIGINS)
@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("policy", [LOCAL, OPEN, LISTED], ids=["local", "open", "listed"])
def test_loopback_origins(origin: str, scope: Scope, policy: AccessPolicy) -> None:
    assert policy.judge(Facts("localhost:8000", origin), scope) is None


@pytest.mark.parametrize("scope", Scope)
@pytest.mark.parametrize("policy", [LISTED, BOTH], ids=["listed", "both"])
@pytest.mark.parametrize("origin", ["https://app.example", "https://app.example:443"])
def test_listed_origins(origin: str, scope: Scope, policy: AccessPolicy) -> None:
    assert policy.judge(Facts("localhost", origin), scope) is None


def test_own_address_is_where_the_connection_came_in() -> None:
    page = "http://192.168.1.5:5173"
    came_in = Facts("192.168.1.5:8000", page, local_address="192.168.1.5")
    assert LOCAL.judge(came_in, Scope.INTERNAL) is None
    mapped = Facts("192.168.1.5:8000", page, local_address="::ffff:192.168.1.5")
    assert LOCAL.judge(mapped, Scope.INTERNAL) is None
    zoned = Facts("[fe80::1]:8000", "http://[fe80::1]", local_address="fe80::1%eth0")
    assert LOCAL.judge(zoned, Scope.INTERNAL) is None
    elsewhere = Facts("localhost", page, local_address="127.0.0.1")
    assert LOCAL.judge(elsewhere, Scope.INTERNAL) is not None
    assert ADDRESS.judge(elsewhere, Scope.INTERNAL) is None


@pytest.mark.parametrize(
    "host",
    [
        "evil.test",
        "evil.test:8000",
        "localhost.evil.test",
        "192.168.1.5",
        "0.0.0.0",
        "[::2]",
        "",
        "a b",
        "localhost:",
        "user@localhost",
        "localhost, evil.test",
        "localhost\u202e",
    ],
)
def test_foreign_hosts(host: str) -> None:
    for policy in (LOCAL, OPEN):
        refusal = policy.judge(Facts(host, "http://localhost"), Scope.MODELS)
        assert refusal is not None
        assert refusal.blocked is None
        assert "--allow-host" in refusal.detail
        assert "\u202e" not in refusal.detail


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:9",
        "a.localhost:8000",
        "127.0.0.1",
        "127.8.8.8:1",
        "[::1]:8000",
        "models.example",
        "MODELS.example:81",
        "box.lan:8000",
        None,
    ],
)
def test_own_hosts(host: str | None) -> None:
    assert NAMED.judge(Facts(host), Scope.MODELS) is None


@pytest.mark.parametrize(
    ("site", "mode", "is_refused"),
    [
        ("cross-site", "no-cors", True),
        ("cross-site", "cors", False),
        ("cross-site", "navigate", False),
        ("same-site", "no-cors", False),
        ("same-origin", "no-cors", False),
        ("none", "navigate", False),
    ],
)
def test_fetch_without_cors(site: str, mode: str, is_refused: bool) -> None:
    facts = Facts("localhost", fetch_site=site, fetch_mode=mode)
    assert (LOCAL.judge(facts, Scope.MODELS) is not None) is is_refused
    assert (LISTED.judge(facts, Scope.MODELS) is not None) is is_refused
    assert (OPEN.judge(facts, Scope.INTERNAL) is not None) is is_refused
    assert OPEN.judge(facts, Scope.MODELS) is None


def test_what_is_said_of_a_foreign_origin() -> None:
    hint = "to let its pages read this server, start tfjs-serve with --cors https://evil.test"
    assert LOCAL.judge(Facts("localhost", "https://evil.test"), Scope.MODELS) == Refusal(
        f"pages of https://evil.test may not read this; {hint}",
        Blocked("https://evil.test", hint),
    )


@pytest.mark.parametrize(
    ("policy", "facts", "origin", "words"),
    [
        (LOCAL, Facts(origin="null"), "null", "--cors '*'"),
        (OPEN, Facts(origin="null"), "null", "the API and events stay local"),
        (OPEN, Facts(origin="https://a.test"), "https://a.test", "--cors https://a.test"),
        (LOCAL, Facts(origin="\x9b31m"), "\\x9b31m", "--cors '*'"),
        (LOCAL, Facts(origin="x" * 999), "x" * 200 + "…", "--cors '*'"),
        (
            LOCAL,
            Facts(referer="http://a.test/x", fetch_site="cross-site", fetch_mode="no-cors"),
            "http://a.test",
            "crossorigin",
        ),
        (LOCAL, Facts(fetch_site="cross-site", fetch_mode="no-cors"), "null", "crossorigin"),
    ],
    ids=["null", "null, open", "open", "escape", "long", "referer", "no referer"],
)
def test_hints(policy: AccessPolicy, facts: Facts, origin: str, words: str) -> None:
    refusal = policy.judge(facts, Scope.INTERNAL)
    assert refusal is not None
    assert refusal.blocked is not None
    assert refusal.blocked.origin == origin
    assert words in refusal.blocked.hint


@pytest.mark.parametrize("text", ["app.example", "https://", "null", "https://a.test/x", ""])
def test_wrong_origins_fail_at_start(text: str) -> None:
    with pytest.raises(UsageError, match="is not an origin"):
        AccessPolicy.from_settings((text,))


@pytest.mark.parametrize("text", ["http://a.test", "a.test:80", "a b", ""])
def test_wrong_hosts_fail_at_start(text: str) -> None:
    with pytest.raises(UsageError, match="is not a host name"):
        AccessPolicy.from_settings(allow_hosts=(text,))


def test_resource_policy() -> None:
    assert LOCAL.resource_policy(Scope.MODELS) == "same-site"
    assert LISTED.resource_policy(Scope.MODELS) == "same-site"
    assert OPEN.resource_policy(Scope.MODELS) == "cross-origin"
    assert OPEN.resource_policy(Scope.INTERNAL) == "same-site"
