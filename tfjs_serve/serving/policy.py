"""Who may ask: facts of a request in, decision out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from tfjs_serve.errors import UsageError
from tfjs_serve.events import Blocked
from tfjs_serve.serving.headers import CROSS_ORIGIN, SAME_SITE, Scope
from tfjs_serve.serving.origins import (
    Origin,
    is_loopback,
    normal_address,
    normal_host,
    parse_authority,
    parse_origin,
)
from tfjs_serve.visible import excerpt

LOCAL = "local"
ANY = "*"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a request says of who sends it.

    local_address: the address of this machine that the connection came in on.
    """

    host: str | None = None
    origin: str | None = None
    referer: str | None = None
    fetch_site: str | None = None
    fetch_mode: str | None = None
    local_address: str | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request is not answered; `blocked` is what the terminal says, once per origin."""

    detail: str
    blocked: Blocked | None = None
    status: HTTPStatus = HTTPStatus.FORBIDDEN


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """Which origins and hosts are answered; pages of this machine always are.

    is_open: pages of every origin may read the models (`--cors '*'`).
    origins: pages that may read the models, the API and the events.
    hosts: further names of this server, normal: the bound one and `--allow-host`.
    """

    is_open: bool = False
    origins: frozenset[Origin] = frozenset()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def from_settings(
        cls,
        cors: Sequence[str] = (LOCAL,),
        allow_hosts: Sequence[str] = (),
        host: str | None = None,
    ) -> AccessPolicy:
        """Return the policy of the settings; UsageError for what is no origin or no host."""
        return cls(
            is_open=ANY in cors,
            origins=frozenset(_listed(text) for text in cors if text not in (ANY, LOCAL)),
            hosts=frozenset(_host(text) for text in (*allow_hosts, *([host] if host else []))),
        )

    def judge(self, facts: Facts, scope: Scope) -> Refusal | None:
        """Return why a request is refused, None when it may be answered."""
        return self._judge_host(facts) or self._judge_origin(facts, scope)

    def resource_policy(self, scope: Scope) -> str:
        """Return the Cross-Origin-Resource-Policy of a scope (decisions.md 8)."""
        return CROSS_ORIGIN if self._opens(scope) else SAME_SITE

    def _opens(self, scope: Scope) -> bool:
        return self.is_open and scope is Scope.MODELS

    def _judge_host(self, facts: Facts) -> Refusal | None:
        """Refuse names that only DNS made ours: a rebinding page sends its own (browser.md 3).

        No Host at all is no browser.
        """
        if facts.host is None:
            return None
        authority = parse_authority(facts.host)
        if authority is not None and self._is_own(authority[0], facts):
            return None
        name = excerpt(facts.host if authority is None else authority[0])
        return Refusal(
            f"this server is not known as '{name}'; if that name is meant to reach it, "
            f"start tfjs-serve with --allow-host {name}"
        )

    def _judge_origin(self, facts: Facts, scope: Scope) -> Refusal | None:
        if self._opens(scope):
            return None
        if facts.origin is not None:
            is_allowed = self._allows(facts.origin, facts)
            return None if is_allowed else self._foreign(facts.origin)
        # Such a request names no origin, yet what it fetches could prime the browser's cache
        # for the page behind it (browser.md 3: an allow-list alone leaks in Firefox).
        if facts.fetch_site == "cross-site" and facts.fetch_mode == "no-cors":
            return self._without_cors(_referring_origin(facts.referer))
        return None

    def _allows(self, text: str, facts: Facts) -> bool:
        origin = parse_origin(text)
        if origin is None:
            return False
        return origin in self.origins or (origin.is_web and self._is_own(origin.host, facts))

    def _is_own(self, host: str, facts: Facts) -> bool:
        """Tell whether a host is this machine: loopback, where it was reached, or told so."""
        own = facts.local_address
        return (
            is_loopback(host)
            or host in self.hosts
            or (own is not None and host == normal_address(own))
        )

    def _foreign(self, text: str) -> Refusal:
        origin = excerpt(text)
        if parse_origin(text) is not None:
            hint = f"to let its pages read this server, start tfjs-serve with --cors {origin}"
        elif self.is_open:
            hint = "serve the page from http://localhost"
        else:
            hint = (
                "serve the page from http://localhost (it was opened as a file or runs in a "
                "sandboxed frame), or let every page read the models with --cors '*'"
            )
        return self._refused(origin, hint)

    def _without_cors(self, text: str) -> Refusal:
        hint = "it loads without CORS: use fetch(), or a crossorigin attribute on the tag"
        return self._refused(excerpt(text), hint)

    def _refused(self, origin: str, hint: str) -> Refusal:
        if self.is_open:
            hint = f"the API and events stay local; {hint}"
        return Refusal(f"pages of {origin} may not read this; {hint}", Blocked(origin, hint))


def _referring_origin(referer: str | None) -> str:
    """Return the origin of the page that a request without `Origin` came from, if it says so."""
    scheme, mark, rest = (referer or "").partition("://")
    origin = f"{scheme}{mark}{rest.partition('/')[0]}"
    return origin if parse_origin(origin) else "null"


def _listed(text: str) -> Origin:
    origin = parse_origin(text.removesuffix("/"))
    if origin is None:
        raise UsageError(
            f"--cors {text!r} is not an origin: write it as https://app.example, "
            "with scheme and port as the browser shows them, or '*' for every page"
        )
    return origin


def _host(text: str) -> str:
    bracketed = f"[{text}]" if text.count(":") > 1 and not text.startswith("[") else text
    authority = parse_authority(bracketed)
    host = normal_host(bracketed) if authority is not None and authority[1] is None else None
    if host is None:
        raise UsageError(
            f"--allow-host {text!r} is not a host name: write it without scheme and port, "
            "as in models.example"
        )
    return host
